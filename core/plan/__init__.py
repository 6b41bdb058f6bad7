"""Which chips there are, in what order, and which source pixels each needs: made before a pixel is read.

In: geometry, sampler and a domain. Out: a plan of chips, chips cut out of rows, and chips as shapes in the world.
"""
