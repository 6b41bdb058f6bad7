<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>Patchwise</name>
    <message>
        <source>Patchwise</source>
        <translation>Patchwise</translation>
    </message>
    <message>
        <source>Patchwise: run a sliding window over a raster</source>
        <translation>Patchwise: ein gleitendes Fenster über ein Raster führen</translation>
    </message>
    <message>
        <source>Apply operator to chips</source>
        <translation>Operator auf Chips anwenden</translation>
    </message>
    <message>
        <source>Runs an operator on each chip of a folder and writes the results to another folder.</source>
        <translation>Wendet einen Operator auf jeden Chip eines Ordners an und schreibt die Ergebnisse in einen anderen Ordner.</translation>
    </message>
    <message>
        <source>raster</source>
        <translation>Raster</translation>
    </message>
    <message>
        <source>chip</source>
        <translation>Chip</translation>
    </message>
    <message>
        <source>tile</source>
        <translation>Kachel</translation>
    </message>
    <message>
        <source>batch</source>
        <translation>Stapel</translation>
    </message>
    <message>
        <source>operator</source>
        <translation>Operator</translation>
    </message>
    <message>
        <source>band math</source>
        <translation>Kanalrechnung</translation>
    </message>
    <message>
        <source>NDVI</source>
        <translation>NDVI</translation>
    </message>
    <message>
        <source>model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>inference</source>
        <translation>Inferenz</translation>
    </message>
    <message>
        <source>ONNX</source>
        <translation>ONNX</translation>
    </message>
    <message>
        <source>python</source>
        <translation>Python</translation>
    </message>
    <message>
        <source>Takes a folder made by Split raster into chips, runs the operator on each chip, and writes a chip of the same name for each to another folder, with the manifest, to which the operator is added. Stitch chips makes one raster of them: together the three give what Sliding window gives with the same choices.

All chips are tried. If any cannot be read, or the operator fails on it, the log lists it; at the end the run fails and leaves nothing, or, if failed chips are to be skipped, leaves them out and notes them in the manifest, so that they are nodata when stitched.

Operators can be applied one after the other, folder by folder. Label chips are not copied.</source>
        <translation>Nimmt einen Ordner von „Raster in Chips zerlegen“, wendet den Operator auf jeden Chip an und schreibt für jeden einen Chip gleichen Namens in einen anderen Ordner, dazu das Manifest mit dem Operator. „Chips zusammenfügen“ macht daraus ein Raster: alle drei zusammen ergeben, was „Gleitendes Fenster“ mit denselben Angaben ergibt.

Alle Chips werden versucht. Kann einer nicht gelesen werden oder scheitert der Operator an ihm, nennt ihn das Protokoll; am Ende schlägt der Lauf fehl und hinterlässt nichts, oder er lässt die Chips weg, wenn das erlaubt ist, und vermerkt sie im Manifest, sodass sie beim Zusammenfügen Nodata sind.

Operatoren lassen sich nacheinander anwenden, Ordner für Ordner. Label-Chips werden nicht kopiert.</translation>
    </message>
    <message>
        <source>{count} chips in {folder}, {seconds} s</source>
        <translation>{count} Chips in {folder}, {seconds} s</translation>
    </message>
    <message>
        <source>Leave out chips that cannot be read or that the operator fails on, and note them in the manifest. Otherwise one such chip makes the run fail at its end.</source>
        <translation>Chips weglassen, die nicht gelesen werden können oder an denen der Operator scheitert, und im Manifest vermerken. Sonst lässt ein solcher Chip den Lauf am Ende fehlschlagen.</translation>
    </message>
    <message>
        <source>The folder to make: new or empty, or one of chips made by Patchwise, which is then replaced.</source>
        <translation>Der Ordner, der entsteht: neu oder leer, oder ein Chipordner von Patchwise, der dann ersetzt wird.</translation>
    </message>
    <message>
        <source>Skip chips that fail</source>
        <translation>Fehlerhafte Chips überspringen</translation>
    </message>
    <message>
        <source>Folder of results</source>
        <translation>Ordner der Ergebnisse</translation>
    </message>
    <message>
        <source>Number of chips</source>
        <translation>Anzahl der Chips</translation>
    </message>
    <message>
        <source>Chips that failed</source>
        <translation>Fehlgeschlagene Chips</translation>
    </message>
    <message>
        <source>The chips declare a scale or an offset: the operator gets the numbers as they are stored.</source>
        <translation>Die Chips geben Skalierung oder Versatz an: der Operator bekommt die Zahlen, wie sie gespeichert sind.</translation>
    </message>
    <message>
        <source>{path}: {reason}</source>
        <translation>{path}: {reason}</translation>
    </message>
    <message>
        <source>and {count} more</source>
        <translation>und {count} weitere</translation>
    </message>
    <message>
        <source>{name} is {value}: it must be {allowed}</source>
        <translation>{name} ist {value}: erlaubt ist {allowed}</translation>
    </message>
    <message>
        <source>at least {low}</source>
        <translation>mindestens {low}</translation>
    </message>
    <message>
        <source>from {low} to {high}</source>
        <translation>{low} bis {high}</translation>
    </message>
    <message>
        <source>Chip grid</source>
        <translation>Chipgitter</translation>
    </message>
    <message>
        <source>Outlines the chips of any geometry and sampler as polygons, without reading a pixel.</source>
        <translation>Zeichnet die Umrisse der Chips jeder Geometrie und Verteilung als Polygone, ohne ein Pixel zu lesen.</translation>
    </message>
    <message>
        <source>patch</source>
        <translation>Patch</translation>
    </message>
    <message>
        <source>grid</source>
        <translation>Gitter</translation>
    </message>
    <message>
        <source>footprint</source>
        <translation>Umriss</translation>
    </message>
    <message>
        <source>index</source>
        <translation>Index</translation>
    </message>
    <message>
        <source>sampler</source>
        <translation>Verteilung</translation>
    </message>
    <message>
        <source>spherical cap</source>
        <translation>Kugelkappe</translation>
    </message>
    <message>
        <source>plan</source>
        <translation>Plan</translation>
    </message>
    <message>
        <source>Draws where the chips of a raster lie, so that chip size, stride, sampler and boundary can be seen before a run. Millions of chips are no problem: they are written as they are made.

A rectangle is the whole chip: with the boundaries pad and reflect it may reach over the raster&apos;s edge, and so does its polygon; the field inside is the share of the chip that lies on the raster. A spherical cap is drawn as a circle on the Earth, and where that cannot be one ring (about a pole, across the date line) as the outline of its pixels, with inside unknown.

Fields: number counts the chips of the whole raster from 1, row by row, so that an extent does not change it; row and col are the anchor from 0 (the upper-left pixel of a rectangle, the centre of a cap); height and width are in pixels, of a cap those around its pixels.</source>
        <translation>Zeichnet, wo die Chips eines Rasters liegen, sodass Chipgröße, Schrittweite, Verteilung und Rand vor einem Lauf zu sehen sind. Millionen Chips sind kein Problem: sie werden geschrieben, wie sie entstehen.

Ein Rechteck ist der ganze Chip: mit den Rändern pad und reflect kann er über den Rand des Rasters reichen, und sein Polygon auch; das Feld inside ist der Anteil des Chips, der auf dem Raster liegt. Eine Kugelkappe wird als Kreis auf der Erde gezeichnet, und wo das kein Ring sein kann (um einen Pol, über die Datumsgrenze), als Umriss ihrer Pixel, mit unbekanntem inside.

Felder: number zählt die Chips des ganzen Rasters ab 1, Zeile für Zeile, sodass eine Ausdehnung nichts daran ändert; row und col sind der Ankerpunkt ab 0 (das Pixel oben links eines Rechtecks, die Mitte einer Kappe); height und width sind in Pixeln, bei einer Kappe um ihre Pixel herum.</translation>
    </message>
    <message>
        <source>The outlines of the chips that touch the extent, in the raster&apos;s CRS.</source>
        <translation>Die Umrisse der Chips, die die Ausdehnung berühren, im KBS des Rasters.</translation>
    </message>
    <message>
        <source>{count} chips</source>
        <translation>{count} Chips</translation>
    </message>
    <message>
        <source>chips of {name}</source>
        <translation>Chips von {name}</translation>
    </message>
    <message>
        <source>A folder that Split raster into chips or Apply operator to chips made. It is only read.</source>
        <translation>Ein Ordner von „Raster in Chips zerlegen“ oder „Operator auf Chips anwenden“. Er wird nur gelesen.</translation>
    </message>
    <message>
        <source>Folder of chips</source>
        <translation>Ordner mit Chips</translation>
    </message>
    <message>
        <source>The raster that chips are planned on: a file, or a layer from a server. Its pixels are not read, only their number, place and CRS.</source>
        <translation>Das Raster, auf dem Chips geplant werden: eine Datei oder ein Layer von einem Server. Seine Pixel werden nicht gelesen, nur ihre Anzahl, Lage und das KBS.</translation>
    </message>
    <message>
        <source>Part of the raster, in any CRS; snapped outward to whole pixels. Chips stay on the grid of the whole raster. Empty means all of it.</source>
        <translation>Ein Teil des Rasters in beliebigem KBS; nach außen auf ganze Pixel gerundet. Die Chips bleiben auf dem Gitter des ganzen Rasters. Leer heißt alles.</translation>
    </message>
    <message>
        <source>Input raster</source>
        <translation>Eingaberaster</translation>
    </message>
    <message>
        <source>Extent</source>
        <translation>Ausdehnung</translation>
    </message>
    <message>
        <source>Resolution</source>
        <translation>Auflösung</translation>
    </message>
    <message>
        <source>The model takes chips of {height} x {width} pixels: this is the chip size.</source>
        <translation>Das Modell nimmt Chips von {height} x {width} Pixeln: das ist die Chipgröße.</translation>
    </message>
    <message>
        <source>The chips leave gaps: {share} % of the pixels are in no chip and become nodata. A stride of at most the chip size and the boundary shift leave none.</source>
        <translation>Die Chips lassen Lücken: {share} % der Pixel liegen in keinem Chip und werden Nodata. Eine Schrittweite bis zur Chipgröße und der Rand shift lassen keine.</translation>
    </message>
    <message>
        <source>No nodata value was chosen: {value} stands for no data in the {type} output.</source>
        <translation>Es wurde kein Nodata-Wert gewählt: {value} steht in der Ausgabe vom Typ {type} für keine Daten.</translation>
    </message>
    <message>
        <source>The raster declares a scale or an offset: the operator gets the numbers as they are stored.</source>
        <translation>Das Raster gibt Skalierung oder Versatz an: der Operator bekommt die Zahlen, wie sie gespeichert sind.</translation>
    </message>
    <message>
        <source>{count} tiles are not on the server of {layer} and became nodata, the first of them {tile}.</source>
        <translation>{count} Kacheln sind nicht auf dem Server von {layer} und wurden Nodata, als erste {tile}.</translation>
    </message>
    <message>
        <source>Load Sentinel-2 chip</source>
        <translation>Sentinel-2-Chip laden</translation>
    </message>
    <message>
        <source>Loads bands of the least cloudy Sentinel-2 picture over a box from a STAC API, on one grid.</source>
        <translation>Lädt Kanäle der Sentinel-2-Aufnahme mit den wenigsten Wolken über einem Gebiet aus einer STAC-API, auf einem Gitter.</translation>
    </message>
    <message>
        <source>Sentinel-2</source>
        <translation>Sentinel-2</translation>
    </message>
    <message>
        <source>STAC</source>
        <translation>STAC</translation>
    </message>
    <message>
        <source>satellite</source>
        <translation>Satellit</translation>
    </message>
    <message>
        <source>download</source>
        <translation>Download</translation>
    </message>
    <message>
        <source>Planetary Computer</source>
        <translation>Planetary Computer</translation>
    </message>
    <message>
        <source>Earth Search</source>
        <translation>Earth Search</translation>
    </message>
    <message>
        <source>COG</source>
        <translation>COG</translation>
    </message>
    <message>
        <source>L2A</source>
        <translation>L2A</translation>
    </message>
    <message>
        <source>Searches a STAC API for Sentinel-2 L2A products over the extent, takes the least cloudy one that covers it, and reads just the pixels that are needed, all bands on one grid of the product&apos;s UTM zone. Where no single product covers the extent, those of one day and orbit are put together.

Digital numbers are written as they are stored; the file declares scale and offset, so that indices are right with every processing baseline. Reflectance has both applied. 0 is nodata, and stays so.

What cannot be read is an error that names the address, never a silent gap.</source>
        <translation>Sucht in einer STAC-API nach Sentinel-2-L2A-Produkten über der Ausdehnung, nimmt das mit den wenigsten Wolken, das sie deckt, und liest nur die nötigen Pixel, alle Kanäle auf einem Gitter der UTM-Zone des Produkts. Deckt kein einzelnes Produkt die Ausdehnung, werden die eines Tages und Orbits zusammengesetzt.

Zahlen werden geschrieben, wie sie gespeichert sind; die Datei gibt Skalierung und Versatz an, sodass Indizes mit jeder Verarbeitungsversion stimmen. Bei Reflektanz ist beides angewendet. 0 ist Nodata und bleibt es.

Was nicht gelesen werden kann, ist ein Fehler, der die Adresse nennt, nie eine stille Lücke.</translation>
    </message>
    <message>
        <source>{height} x {width} pixels of {size} m in EPSG:{epsg}</source>
        <translation>{height} x {width} Pixel von {size} m in EPSG:{epsg}</translation>
    </message>
    <message>
        <source>Bands in the order wanted, separated by commas: B01 to B12, B8A, SCL, AOT, WVP, or names such as red and nir.</source>
        <translation>Kanäle in der gewünschten Reihenfolge, durch Kommas getrennt: B01 bis B12, B8A, SCL, AOT, WVP oder Namen wie red und nir.</translation>
    </message>
    <message>
        <source>Size of the result&apos;s pixels. Coarser ones are read from the files&apos; overviews.</source>
        <translation>Größe der Pixel des Ergebnisses. Gröbere werden aus den Übersichten der Dateien gelesen.</translation>
    </message>
    <message>
        <source>dn: digital numbers as stored, 16-bit integers with 0 for nodata. reflectance: 32-bit floats with scale and offset applied.</source>
        <translation>dn: Zahlen wie gespeichert, ganze Zahlen mit 16 Bit und 0 für Nodata. reflectance: Gleitkommazahlen mit 32 Bit nach Skalierung und Versatz.</translation>
    </message>
    <message>
        <source>Make clouds, thin cirrus and cloud shadows nodata, as the product&apos;s scene classification (SCL) has them.</source>
        <translation>Wolken, dünnen Zirrus und Wolkenschatten zu Nodata machen, wie die Szenenklassifikation (SCL) des Produkts sie kennt.</translation>
    </message>
    <message>
        <source>{id}: {day}, {cloud} % cloud</source>
        <translation>{id}: {day}, {cloud} % Wolken</translation>
    </message>
    <message>
        <source>Bands</source>
        <translation>Kanäle</translation>
    </message>
    <message>
        <source>Resolution (metres)</source>
        <translation>Auflösung (Meter)</translation>
    </message>
    <message>
        <source>Units</source>
        <translation>Einheiten</translation>
    </message>
    <message>
        <source>Mask clouds</source>
        <translation>Wolken ausblenden</translation>
    </message>
    <message>
        <source>Sentinel-2 chip</source>
        <translation>Sentinel-2-Chip</translation>
    </message>
    <message>
        <source>Item</source>
        <translation>Produkt</translation>
    </message>
    <message>
        <source>Cloud cover (%)</source>
        <translation>Bewölkung (%)</translation>
    </message>
    <message>
        <source>Reading</source>
        <translation>Es wird gelesen</translation>
    </message>
    <message>
        <source>Searching {endpoint}</source>
        <translation>{endpoint} wird durchsucht</translation>
    </message>
    <message>
        <source>Neighbourhood statistics</source>
        <translation>Nachbarschaftsstatistik</translation>
    </message>
    <message>
        <source>Computes statistics of the nearest points, or of those within a radius, for each point of a layer.</source>
        <translation>Berechnet für jeden Punkt eines Layers Statistik der nächsten Punkte oder derer in einem Umkreis.</translation>
    </message>
    <message>
        <source>points</source>
        <translation>Punkte</translation>
    </message>
    <message>
        <source>neighbours</source>
        <translation>Nachbarn</translation>
    </message>
    <message>
        <source>neighborhood</source>
        <translation>Nachbarschaft</translation>
    </message>
    <message>
        <source>k nearest</source>
        <translation>k nächste</translation>
    </message>
    <message>
        <source>knn</source>
        <translation>knn</translation>
    </message>
    <message>
        <source>radius</source>
        <translation>Umkreis</translation>
    </message>
    <message>
        <source>focal statistics</source>
        <translation>fokale Statistik</translation>
    </message>
    <message>
        <source>IDW</source>
        <translation>IDW</translation>
    </message>
    <message>
        <source>haversine</source>
        <translation>Haversine</translation>
    </message>
    <message>
        <source>graph</source>
        <translation>Graph</translation>
    </message>
    <message>
        <source>Gives each point the count, mean, standard deviation, minimum, maximum or median of a field over its neighbourhood: the k nearest points, or all points within a radius. The point itself is one of them, as the middle pixel is in a moving window.

idw is the mean of the neighbours weighted by 1 / distance squared. There the point itself is left out, so that it says what the others would predict, and comparing it with the point&apos;s own value shows outliers.

What is not known stays unknown: NULL in the field adds nothing to any neighbourhood; a point without a known neighbour has the count 0 and NULL for the rest; a feature without a place has only NULL. Points at equal distance are taken in the order of the layer.</source>
        <translation>Gibt jedem Punkt Anzahl, Mittelwert, Standardabweichung, Minimum, Maximum oder Median eines Felds über seine Nachbarschaft: die k nächsten Punkte oder alle Punkte in einem Umkreis. Der Punkt selbst gehört dazu, wie das mittlere Pixel zu einem gleitenden Fenster.

idw ist das Mittel der Nachbarn, gewichtet mit 1 / Abstand im Quadrat. Dabei bleibt der Punkt selbst weg, sodass es sagt, was die anderen erwarten lassen; der Vergleich mit dem eigenen Wert zeigt Ausreißer.

Was unbekannt ist, bleibt unbekannt: NULL im Feld trägt zu keiner Nachbarschaft bei; ein Punkt ohne bekannten Nachbarn hat die Anzahl 0 und sonst NULL; ein Objekt ohne Ort hat nur NULL. Punkte in gleichem Abstand werden in der Reihenfolge des Layers genommen.</translation>
    </message>
    <message>
        <source>{count} points, of which {unknown} have no value in {field}</source>
        <translation>{count} Punkte, davon {unknown} ohne Wert in {field}</translation>
    </message>
    <message>
        <source>The points. Each feature has one place; a feature of several points is refused. Heights do not count.</source>
        <translation>Die Punkte. Jedes Objekt hat einen Ort; eines mit mehreren Punkten wird abgelehnt. Höhen zählen nicht.</translation>
    </message>
    <message>
        <source>The field with the values, a number. NULL is left out.</source>
        <translation>Das Feld mit den Werten, eine Zahl. NULL bleibt weg.</translation>
    </message>
    <message>
        <source>knn (the k nearest points) or radius (all points within a distance).</source>
        <translation>knn (die k nächsten Punkte) oder radius (alle Punkte in einem Abstand).</translation>
    </message>
    <message>
        <source>How many of the nearest points make the neighbourhood, the point itself among them; for idw, others. Used by knn.</source>
        <translation>Wie viele der nächsten Punkte die Nachbarschaft bilden, der Punkt selbst eingeschlossen; bei idw andere. Für knn.</translation>
    </message>
    <message>
        <source>Largest distance of a neighbour, in units of the layer&apos;s CRS for the metric euclidean, in kilometres for haversine. A point at just that distance is in. Used by radius.</source>
        <translation>Größter Abstand eines Nachbarn, in Einheiten des KBS des Layers bei der Metrik euclidean, in Kilometern bei haversine. Ein Punkt in genau diesem Abstand gehört dazu. Für radius.</translation>
    </message>
    <message>
        <source>How distances are measured: euclidean (straight lines in the layer&apos;s CRS) or haversine (great circles on the Earth, in km, between longitudes and latitudes in EPSG:4326).</source>
        <translation>Wie Abstände gemessen werden: euclidean (gerade Linien im KBS des Layers) oder haversine (Großkreise auf der Erde, in km, zwischen Längen und Breiten in EPSG:4326).</translation>
    </message>
    <message>
        <source>What is computed; each becomes a field, called after the field and the statistic. The count is that of known values, std is divided by it.</source>
        <translation>Was berechnet wird; jedes wird ein Feld, benannt nach Feld und Statistik. Gezählt werden bekannte Werte, std wird durch ihre Anzahl geteilt.</translation>
    </message>
    <message>
        <source>The points with all their fields, and those of the statistics behind them.</source>
        <translation>Die Punkte mit allen ihren Feldern und dahinter denen der Statistik.</translation>
    </message>
    <message>
        <source>The layer&apos;s CRS counts in degrees, which are not equally long everywhere: the metric haversine measures in kilometres.</source>
        <translation>Das KBS des Layers zählt in Grad, die nicht überall gleich lang sind: die Metrik haversine misst in Kilometern.</translation>
    </message>
    <message>
        <source>{count} features have no place, and get no statistics.</source>
        <translation>{count} Objekte haben keinen Ort und bekommen keine Statistik.</translation>
    </message>
    <message>
        <source>Input points</source>
        <translation>Eingabepunkte</translation>
    </message>
    <message>
        <source>Field</source>
        <translation>Feld</translation>
    </message>
    <message>
        <source>Neighbourhood</source>
        <translation>Nachbarschaft</translation>
    </message>
    <message>
        <source>Number of nearest points</source>
        <translation>Anzahl der nächsten Punkte</translation>
    </message>
    <message>
        <source>Radius (units of the layer; km for haversine)</source>
        <translation>Umkreis (Einheiten des Layers; km bei haversine)</translation>
    </message>
    <message>
        <source>Metric</source>
        <translation>Metrik</translation>
    </message>
    <message>
        <source>Statistics</source>
        <translation>Statistik</translation>
    </message>
    <message>
        <source>Points with statistics</source>
        <translation>Punkte mit Statistik</translation>
    </message>
    <message>
        <source>neighbourhoods of {name}</source>
        <translation>Nachbarschaften von {name}</translation>
    </message>
    <message>
        <source>What is done with a chip: a band expression, a spectral index by name, a classification by rules, a neural network (ONNX), or a function in a Python file.</source>
        <translation>Was mit einem Chip geschieht: ein Ausdruck aus Kanälen, ein Spektralindex nach Namen, eine Klassifikation nach Regeln, ein neuronales Netz (ONNX) oder eine Funktion in einer Python-Datei.</translation>
    </message>
    <message>
        <source>Band math, such as (b4-b3)/(b4+b3); several outputs separated by a semicolon. Used by expression.</source>
        <translation>Rechnen mit Kanälen, etwa (b4-b3)/(b4+b3); mehrere Ausgaben durch Semikolon getrennt. Für expression.</translation>
    </message>
    <message>
        <source>Which band is which, such as B=1 G=2 R=3 N=4 S1=5 S2=6. Empty: found from the bands&apos; names, of Sentinel-2, Landsat or in words. Used by index and classify.</source>
        <translation>Welcher Kanal welcher ist, etwa B=1 G=2 R=3 N=4 S1=5 S2=6. Leer: an den Namen der Kanäle erkannt, von Sentinel-2, Landsat oder in Worten. Für index und classify.</translation>
    </message>
    <message>
        <source>One class a line as name: condition, the first that holds wins. Conditions are expressions and may name indices: water: NDWI &gt; 0.1. A colour may follow the name: water #1f78b4: NDWI &gt; 0.1. Used by classify.</source>
        <translation>Eine Klasse je Zeile als Name: Bedingung, die erste, die zutrifft, gilt. Bedingungen sind Ausdrücke und dürfen Indizes nennen: Wasser: NDWI &gt; 0.1. Dem Namen kann eine Farbe folgen: Wasser #1f78b4: NDWI &gt; 0.1. Für classify.</translation>
    </message>
    <message>
        <source>A model of one image input. A fixed input size becomes the chip size. Used by onnx.</source>
        <translation>Ein Modell mit einem Bild als Eingabe. Eine feste Eingabegröße wird zur Chipgröße. Für onnx.</translation>
    </message>
    <message>
        <source>A file with def operator(chip, meta). It runs inside QGIS with all your rights: use only files that you trust. Used by python.</source>
        <translation>Eine Datei mit def operator(chip, meta). Sie läuft in QGIS mit allen Ihren Rechten: nehmen Sie nur Dateien, denen Sie vertrauen. Für python.</translation>
    </message>
    <message>
        <source>How overlapping chips become one value: overlapadd is the mean weighted by the window; hardvote is for labels, softvote for one band of probability per class.</source>
        <translation>Wie aus überlappenden Chips ein Wert wird: overlapadd ist das mit dem Fenster gewichtete Mittel; hardvote ist für Klassen, softvote für einen Kanal Wahrscheinlichkeit je Klasse.</translation>
    </message>
    <message>
        <source>Rasters whose bands follow as further bands. They are brought onto the grid of the input: bilinear, or nearest for classes.</source>
        <translation>Raster, deren Kanäle als weitere Kanäle folgen. Sie werden auf das Gitter der Eingabe gebracht: bilinear, oder nächstgelegen bei Klassen.</translation>
    </message>
    <message>
        <source>As in reflectance = value * scale + offset. Empty: what the raster declares, for index and classify.</source>
        <translation>Wie in Reflektanz = Wert * Skalierung + Versatz. Leer: was das Raster angibt, bei index und classify.</translation>
    </message>
    <message>
        <source>Burn severity classes of the USGS instead of the values. Used by the indices dNBR and RdNBR.</source>
        <translation>Brandschwereklassen des USGS statt der Werte. Für die Indizes dNBR und RdNBR.</translation>
    </message>
    <message>
        <source>What is done with values before the model: nothing, division by 255 or 10000, (x - mean) / std, the chip&apos;s own mean and standard deviation, or what the model&apos;s properties say. Used by onnx.</source>
        <translation>Was vor dem Modell mit Werten geschieht: nichts, Division durch 255 oder 10000, (x - Mittel) / Standardabweichung, Mittel und Standardabweichung des Chips selbst, oder was die Eigenschaften des Modells sagen. Für onnx.</translation>
    </message>
    <message>
        <source>One number, or one for each band, separated by commas. Used by the normalisation meanstd.</source>
        <translation>Eine Zahl, oder eine je Kanal, durch Kommas getrennt. Für die Normalisierung meanstd.</translation>
    </message>
    <message>
        <source>What is done with the model&apos;s output: nothing, sigmoid, softmax over its bands, or the label of the largest band. Used by onnx.</source>
        <translation>Was mit der Ausgabe des Modells geschieht: nichts, Sigmoid, Softmax über seine Kanäle oder die Klasse des größten Kanals. Für onnx.</translation>
    </message>
    <message>
        <source>Models do not know nodata: it is given this value, and is nodata again in the result. Used by onnx.</source>
        <translation>Modelle kennen kein Nodata: es bekommt diesen Wert und ist im Ergebnis wieder Nodata. Für onnx.</translation>
    </message>
    <message>
        <source>Where the model runs: auto, cpu, cuda, or another that onnxruntime offers. The log says which one ran.</source>
        <translation>Wo das Modell läuft: auto, cpu, cuda oder was onnxruntime sonst anbietet. Das Protokoll sagt, was lief.</translation>
    </message>
    <message>
        <source>Labels cannot be averaged: they are stitched by hardvote instead of {kind}.</source>
        <translation>Klassen lassen sich nicht mitteln: sie werden mit hardvote statt {kind} zusammengefügt.</translation>
    </message>
    <message>
        <source>Operator</source>
        <translation>Operator</translation>
    </message>
    <message>
        <source>Expression</source>
        <translation>Ausdruck</translation>
    </message>
    <message>
        <source>Index</source>
        <translation>Index</translation>
    </message>
    <message>
        <source>Band roles</source>
        <translation>Rollen der Kanäle</translation>
    </message>
    <message>
        <source>Rules</source>
        <translation>Regeln</translation>
    </message>
    <message>
        <source>ONNX model</source>
        <translation>ONNX-Modell</translation>
    </message>
    <message>
        <source>Python file</source>
        <translation>Python-Datei</translation>
    </message>
    <message>
        <source>Aggregation</source>
        <translation>Vereinigung</translation>
    </message>
    <message>
        <source>Further inputs</source>
        <translation>Weitere Eingaben</translation>
    </message>
    <message>
        <source>Scale</source>
        <translation>Skalierung</translation>
    </message>
    <message>
        <source>Offset</source>
        <translation>Versatz</translation>
    </message>
    <message>
        <source>Classes of burn severity</source>
        <translation>Klassen der Brandschwere</translation>
    </message>
    <message>
        <source>Normalisation</source>
        <translation>Normalisierung</translation>
    </message>
    <message>
        <source>Mean</source>
        <translation>Mittelwert</translation>
    </message>
    <message>
        <source>Standard deviation</source>
        <translation>Standardabweichung</translation>
    </message>
    <message>
        <source>Activation</source>
        <translation>Aktivierung</translation>
    </message>
    <message>
        <source>Value for nodata before a model</source>
        <translation>Wert für Nodata vor einem Modell</translation>
    </message>
    <message>
        <source>Execution provider</source>
        <translation>Ausführung durch</translation>
    </message>
    <message>
        <source>Name of a spectral index: {names}. Change between INPUT (before) and one further input (after): {changes}. Where the Python package spyndex is installed, all names of its catalogue.</source>
        <translation>Name eines Spektralindex: {names}. Veränderung zwischen INPUT (vorher) und einer weiteren Eingabe (nachher): {changes}. Ist das Python-Paket spyndex installiert, auch alle Namen seines Katalogs.</translation>
    </message>
    <message>
        <source>Height and width of a chip in pixels. The operator sees one chip at a time.</source>
        <translation>Höhe und Breite eines Chips in Pixeln. Der Operator sieht immer einen Chip.</translation>
    </message>
    <message>
        <source>Distance from one chip to the next in pixels. Below the chip size chips overlap and are blended; above it there are gaps, which become nodata.</source>
        <translation>Abstand von einem Chip zum nächsten in Pixeln. Unterhalb der Chipgröße überlappen sich Chips und werden überblendet; oberhalb gibt es Lücken, die Nodata werden.</translation>
    </message>
    <message>
        <source>Width of a chip in pixels where chips are not square; the chip size is then the height.</source>
        <translation>Breite eines Chips in Pixeln, wenn Chips nicht quadratisch sind; die Chipgröße ist dann die Höhe.</translation>
    </message>
    <message>
        <source>Distance from one chip to the next along the columns; the stride is then that along the rows.</source>
        <translation>Abstand von einem Chip zum nächsten entlang der Spalten; die Schrittweite ist dann die entlang der Zeilen.</translation>
    </message>
    <message>
        <source>Share of the chip that the two cosine flanks take: 0 is boxcar, 1 is hann. Used by the window tukey.</source>
        <translation>Anteil des Chips, den die beiden Kosinusflanken einnehmen: 0 ist boxcar, 1 ist hann. Für das Fenster tukey.</translation>
    </message>
    <message>
        <source>Standard deviation in half-widths of the chip. Used by the window gaussian.</source>
        <translation>Standardabweichung in halben Chipbreiten. Für das Fenster gaussian.</translation>
    </message>
    <message>
        <source>Weights as an expression in x and y (-1 to 1 from edge to edge) and r = sqrt(x*x + y*y), such as exp(-3*r**2) or where(r &lt; 1, 1, 0). At least 0; where it is 0 the chip does not count. Used by the window custom.</source>
        <translation>Gewichte als Ausdruck in x und y (-1 bis 1 von Rand zu Rand) und r = sqrt(x*x + y*y), etwa exp(-3*r**2) oder where(r &lt; 1, 1, 0). Mindestens 0; wo es 0 ist, zählt der Chip nicht. Für das Fenster custom.</translation>
    </message>
    <message>
        <source>Chip size (pixels)</source>
        <translation>Chipgröße (Pixel)</translation>
    </message>
    <message>
        <source>Stride (pixels)</source>
        <translation>Schrittweite (Pixel)</translation>
    </message>
    <message>
        <source>Chip width, if other than the height (pixels)</source>
        <translation>Chipbreite, wenn anders als die Höhe (Pixel)</translation>
    </message>
    <message>
        <source>Stride along columns, if other than along rows (pixels)</source>
        <translation>Schrittweite entlang der Spalten, wenn anders als entlang der Zeilen (Pixel)</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Tukey: share of the flanks</source>
        <translation>Tukey: Anteil der Flanken</translation>
    </message>
    <message>
        <source>Gaussian: sigma (half-widths of the chip)</source>
        <translation>Gauß: Sigma (halbe Chipbreiten)</translation>
    </message>
    <message>
        <source>Custom window: expression in x, y, r</source>
        <translation>Eigenes Fenster: Ausdruck in x, y, r</translation>
    </message>
    <message>
        <source>Boundary</source>
        <translation>Rand</translation>
    </message>
    <message>
        <source>Polygon chips</source>
        <translation>Polygonchips</translation>
    </message>
    <message>
        <source>Runs an operator on the pixels of each polygon and adds statistics of the results to its attributes.</source>
        <translation>Wendet einen Operator auf die Pixel jedes Polygons an und fügt Statistik der Ergebnisse zu seinen Attributen hinzu.</translation>
    </message>
    <message>
        <source>vector</source>
        <translation>Vektor</translation>
    </message>
    <message>
        <source>polygon</source>
        <translation>Polygon</translation>
    </message>
    <message>
        <source>zonal statistics</source>
        <translation>zonale Statistik</translation>
    </message>
    <message>
        <source>parcel</source>
        <translation>Parzelle</translation>
    </message>
    <message>
        <source>field</source>
        <translation>Feld</translation>
    </message>
    <message>
        <source>mask</source>
        <translation>Maske</translation>
    </message>
    <message>
        <source>mean</source>
        <translation>Mittelwert</translation>
    </message>
    <message>
        <source>Each polygon is one chip: the pixels whose centres lie in it. The operator sees these pixels and nothing of what is around them, and statistics of what it gives become attributes of the polygon, named after the operator&apos;s bands: NDVI_mean, or b1_mean where the result has no name of its own.

Polygons may be in any CRS, have holes and several parts, and overlap. A polygon that holds no pixel&apos;s centre gets NULL, and the log says how many do. Pixels without data do not count; valid_share says how many of a polygon&apos;s pixels have data.

The stitched raster holds the results within the polygons on the raster&apos;s grid, and nodata elsewhere. Where polygons overlap, a pixel is the mean of what it is in each, or as the aggregation says.

Only the windows of the polygons are read. Operators that look at single pixels, such as indices, take polygons of any size; for all others a polygon has to fit into memory, and is refused if it does not.</source>
        <translation>Jedes Polygon ist ein Chip: die Pixel, deren Mitten in ihm liegen. Der Operator sieht diese Pixel und nichts von dem, was um sie ist, und Statistik seiner Ergebnisse wird zu Attributen des Polygons, benannt nach den Kanälen des Operators: NDVI_mean, oder b1_mean, wo das Ergebnis keinen eigenen Namen hat.

Polygone dürfen in jedem KBS liegen, Löcher und mehrere Teile haben und sich überlappen. Ein Polygon ohne Pixelmitte bekommt NULL, und das Protokoll sagt, wie viele das sind. Pixel ohne Daten zählen nicht; valid_share sagt, welcher Anteil der Pixel Daten hat.

Das zusammengefügte Raster enthält die Ergebnisse in den Polygonen auf dem Gitter des Rasters, sonst Nodata. Wo sich Polygone überlappen, ist ein Pixel das Mittel seiner Werte, oder was die Vereinigung sagt.

Es werden nur die Fenster der Polygone gelesen. Operatoren, die einzelne Pixel ansehen, wie Indizes, nehmen Polygone jeder Größe; für alle anderen muss ein Polygon in den Speicher passen, sonst wird es abgelehnt.</translation>
    </message>
    <message>
        <source>{name}: the feature {id} has an invalid geometry: repair it, or change the setting for invalid features</source>
        <translation>{name}: das Objekt {id} hat eine ungültige Geometrie: reparieren Sie sie oder ändern Sie die Einstellung für ungültige Objekte</translation>
    </message>
    <message>
        <source>The polygons, in any CRS. What is done with invalid geometries is set as for all algorithms: the run stops, or they are left out.</source>
        <translation>Die Polygone in beliebigem KBS. Was mit ungültigen Geometrien geschieht, ist eingestellt wie für alle Algorithmen: der Lauf hält an, oder sie entfallen.</translation>
    </message>
    <message>
        <source>What becomes an attribute, for each band of the operator&apos;s result: count of the pixels with data, sum, mean, std (divided by the count), min, max, median, majority (the most frequent value, of several the lowest), valid_share (of the polygon&apos;s pixels those with data, 0 to 1).</source>
        <translation>Was Attribut wird, für jeden Kanal des Ergebnisses: count (Pixel mit Daten), sum, mean, std (durch die Anzahl geteilt), min, max, median, majority (der häufigste Wert, von mehreren der kleinste), valid_share (Anteil der Pixel mit Daten, 0 bis 1).</translation>
    </message>
    <message>
        <source>The polygons as they were, in their order, with the statistics as further attributes.</source>
        <translation>Die Polygone, wie sie waren, in ihrer Reihenfolge, mit der Statistik als weiteren Attributen.</translation>
    </message>
    <message>
        <source>Optional raster with the operator&apos;s results within the polygons, on the grid of the input; nodata elsewhere.</source>
        <translation>Auf Wunsch ein Raster mit den Ergebnissen in den Polygonen, auf dem Gitter der Eingabe; sonst Nodata.</translation>
    </message>
    <message>
        <source>{count} polygons with an invalid geometry were left out, the first is the feature {id}.</source>
        <translation>{count} Polygone mit ungültiger Geometrie wurden weggelassen, das erste ist das Objekt {id}.</translation>
    </message>
    <message>
        <source>{seconds} s, {size} MB read</source>
        <translation>{seconds} s, {size} MB gelesen</translation>
    </message>
    <message>
        <source>{count} of {all} polygons hold no centre of a pixel of the raster, or have no geometry: their statistics are NULL.</source>
        <translation>{count} von {all} Polygonen enthalten keine Pixelmitte des Rasters oder haben keine Geometrie: ihre Statistik ist NULL.</translation>
    </message>
    <message>
        <source>Polygons</source>
        <translation>Polygone</translation>
    </message>
    <message>
        <source>Polygons with statistics</source>
        <translation>Polygone mit Statistik</translation>
    </message>
    <message>
        <source>Results within the polygons</source>
        <translation>Ergebnisse in den Polygonen</translation>
    </message>
    <message>
        <source>Number of polygons</source>
        <translation>Anzahl der Polygone</translation>
    </message>
    <message>
        <source>Polygons without a pixel</source>
        <translation>Polygone ohne Pixel</translation>
    </message>
    <message>
        <source>has no polygon that can be brought to the raster: there is nothing to stitch</source>
        <translation>hat kein Polygon, das sich auf das Raster bringen lässt: es gibt nichts zusammenzufügen</translation>
    </message>
    <message>
        <source>{name}: the feature {id} is {value}: {allowed}</source>
        <translation>{name}: das Objekt {id} ist {value}: {allowed}</translation>
    </message>
    <message>
        <source>{count} polygons</source>
        <translation>{count} Polygone</translation>
    </message>
    <message>
        <source>The raster to work on, whatever its size: any file that GDAL reads, or a layer from a server (WMS, XYZ tiles, WCS, PostGIS raster). It is only read.</source>
        <translation>Das Raster, mit dem gerechnet wird, gleich wie groß: jede Datei, die GDAL liest, oder ein Layer von einem Server (WMS, XYZ-Kacheln, WCS, PostGIS-Raster). Es wird nur gelesen.</translation>
    </message>
    <message>
        <source>Bands given to the operator, in this order: the first is b1. None chosen means all. The images of WMS and XYZ have three: red, green and blue.</source>
        <translation>Kanäle für den Operator, in dieser Reihenfolge: der erste ist b1. Keiner gewählt heißt alle. Die Bilder von WMS und XYZ haben drei: Rot, Grün und Blau.</translation>
    </message>
    <message>
        <source>Map units per pixel, for layers that have no pixels of their own, such as WMS and XYZ tiles. Empty: the highest zoom level of tiles; WMS needs it.</source>
        <translation>Karteneinheiten je Pixel für Layer ohne eigene Pixel wie WMS und XYZ-Kacheln. Leer: die höchste Zoomstufe der Kacheln; WMS braucht die Angabe.</translation>
    </message>
    <message>
        <source>Type of the output&apos;s values. Integers are rounded, and clipped to the type&apos;s range; the log says how many were.</source>
        <translation>Typ der Werte der Ausgabe. Ganze Zahlen werden gerundet und auf den Bereich des Typs begrenzt; das Protokoll sagt, wie viele.</translation>
    </message>
    <message>
        <source>Value that stands for no data in the output. Empty: NaN for floats, the largest value of the type for unsigned integers, the smallest for signed ones.</source>
        <translation>Wert, der in der Ausgabe für keine Daten steht. Leer: NaN bei Gleitkommazahlen, der größte Wert des Typs bei ganzen Zahlen ohne Vorzeichen, der kleinste bei solchen mit Vorzeichen.</translation>
    </message>
    <message>
        <source>Part of the raster to compute, in any CRS; snapped outward to whole pixels. Empty means all of it.</source>
        <translation>Der Teil des Rasters, der berechnet wird, in beliebigem KBS; nach außen auf ganze Pixel gerundet. Leer heißt alles.</translation>
    </message>
    <message>
        <source>Data type</source>
        <translation>Datentyp</translation>
    </message>
    <message>
        <source>Nodata value</source>
        <translation>Nodata-Wert</translation>
    </message>
    <message>
        <source>Creation options</source>
        <translation>Erzeugungsoptionen</translation>
    </message>
    <message>
        <source>{count} of {all} pixels without data ({share} %)</source>
        <translation>{count} von {all} Pixeln ohne Daten ({share} %)</translation>
    </message>
    <message>
        <source>{seconds} s, {speed} MB/s read</source>
        <translation>{seconds} s, {speed} MB/s gelesen</translation>
    </message>
    <message>
        <source> (the operator looks at single pixels: each was computed once, which gives the same result)</source>
        <translation> (der Operator sieht einzelne Pixel an: jedes wurde einmal berechnet, mit demselben Ergebnis)</translation>
    </message>
    <message>
        <source>{chips} chips</source>
        <translation>{chips} Chips</translation>
    </message>
    <message>
        <source>peak memory of the process: {peak} MB</source>
        <translation>höchster Speicher des Prozesses: {peak} MB</translation>
    </message>
    <message>
        <source>Run configuration</source>
        <translation>Konfiguration ausführen</translation>
    </message>
    <message>
        <source>Repeats a sliding-window run from the raster that it made, or from a saved configuration.</source>
        <translation>Wiederholt einen Lauf des gleitenden Fensters aus dem Raster, das er gemacht hat, oder aus einer gespeicherten Konfiguration.</translation>
    </message>
    <message>
        <source>repeat</source>
        <translation>wiederholen</translation>
    </message>
    <message>
        <source>again</source>
        <translation>noch einmal</translation>
    </message>
    <message>
        <source>reproduce</source>
        <translation>reproduzieren</translation>
    </message>
    <message>
        <source>provenance</source>
        <translation>Herkunft</translation>
    </message>
    <message>
        <source>settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>JSON</source>
        <translation>JSON</translation>
    </message>
    <message>
        <source>YAML</source>
        <translation>YAML</translation>
    </message>
    <message>
        <source>pipeline</source>
        <translation>Pipeline</translation>
    </message>
    <message>
        <source>sliding window</source>
        <translation>gleitendes Fenster</translation>
    </message>
    <message>
        <source>A raster that the sliding window made: its run is repeated. Leave it empty if you give a file.</source>
        <translation>Ein Raster des gleitenden Fensters: sein Lauf wird wiederholt. Leer, wenn Sie eine Datei angeben.</translation>
    </message>
    <message>
        <source>JSON or YAML: the configuration of a run, of a patcher or of a pipeline. Leave it empty if you give a raster.</source>
        <translation>JSON oder YAML: die Konfiguration eines Laufs, eines Patchers oder einer Pipeline. Leer, wenn Sie ein Raster angeben.</translation>
    </message>
    <message>
        <source>The raster to work on. Empty: the one of the run, which is found by its path. Needed for patchers and pipelines, which know none.</source>
        <translation>Das Raster, mit dem gerechnet wird. Leer: das des Laufs, das nach seinem Pfad gefunden wird. Nötig bei Patchern und Pipelines, die keines kennen.</translation>
    </message>
    <message>
        <source>one of {one} and {other} must be given, and not both</source>
        <translation>entweder {one} oder {other} muss angegeben sein, nicht beide</translation>
    </message>
    <message>
        <source>Raster made by Patchwise</source>
        <translation>Raster von Patchwise</translation>
    </message>
    <message>
        <source>Configuration file</source>
        <translation>Konfigurationsdatei</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>Pixels without data</source>
        <translation>Pixel ohne Daten</translation>
    </message>
    <message>
        <source>must be given: this configuration does not say what to run on</source>
        <translation>muss angegeben sein: diese Konfiguration sagt nicht, womit gerechnet wird</translation>
    </message>
    <message>
        <source>must be a raster that can be read</source>
        <translation>muss ein lesbares Raster sein</translation>
    </message>
    <message>
        <source>Configurations</source>
        <translation>Konfigurationen</translation>
    </message>
    <message>
        <source>Input: {path}</source>
        <translation>Eingabe: {path}</translation>
    </message>
    <message>
        <source>What a chip is: a rectangle of pixels, or a spherical cap, all pixels within a distance on the Earth of its anchor, whatever the raster&apos;s CRS.</source>
        <translation>Was ein Chip ist: ein Rechteck aus Pixeln oder eine Kugelkappe, alle Pixel in einem Abstand auf der Erde von ihrem Ankerpunkt, in jedem KBS.</translation>
    </message>
    <message>
        <source>Great-circle radius of a cap in kilometres. Used by the geometry sphericalcap.</source>
        <translation>Radius einer Kappe auf dem Großkreis in Kilometern. Für die Geometrie sphericalcap.</translation>
    </message>
    <message>
        <source>Most pixels by which a chip is moved either way. Chips leave no gap while the stride and twice the jitter are at most the chip size. Used by the sampler jittered.</source>
        <translation>Um wie viele Pixel ein Chip höchstens verschoben wird. Es bleibt keine Lücke, solange Schrittweite und doppelte Verschiebung zusammen höchstens die Chipgröße sind. Für die Verteilung jittered.</translation>
    </message>
    <message>
        <source>How many chips are drawn. Used by the sampler random.</source>
        <translation>Wie viele Chips gezogen werden. Für die Verteilung random.</translation>
    </message>
    <message>
        <source>Least distance between the anchors of two chips in pixels. Used by the sampler poissondisk.</source>
        <translation>Kleinster Abstand der Ankerpunkte zweier Chips in Pixeln. Für die Verteilung poissondisk.</translation>
    </message>
    <message>
        <source>Number that the random places follow from: the same seed gives the same chips on every machine. Used by the samplers jittered, random and poissondisk.</source>
        <translation>Zahl, aus der sich die zufälligen Orte ergeben: derselbe Startwert gibt auf jedem Rechner dieselben Chips. Für die Verteilungen jittered, random und poissondisk.</translation>
    </message>
    <message>
        <source>Points, in any CRS, one chip each: the upper-left pixel of a rectangle, the centre of a cap. All must lie on the raster. Used by the sampler points.</source>
        <translation>Punkte in beliebigem KBS, je ein Chip: das Pixel oben links eines Rechtecks, die Mitte einer Kappe. Alle müssen auf dem Raster liegen. Für die Verteilung points.</translation>
    </message>
    <message>
        <source>Geometry</source>
        <translation>Geometrie</translation>
    </message>
    <message>
        <source>Radius (km)</source>
        <translation>Radius (km)</translation>
    </message>
    <message>
        <source>Sampler</source>
        <translation>Verteilung</translation>
    </message>
    <message>
        <source>Jitter (pixels)</source>
        <translation>Verschiebung (Pixel)</translation>
    </message>
    <message>
        <source>Least distance (pixels)</source>
        <translation>Kleinster Abstand (Pixel)</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
    <message>
        <source>Anchors</source>
        <translation>Ankerpunkte</translation>
    </message>
    <message>
        <source>Search Sentinel-2</source>
        <translation>Sentinel-2 suchen</translation>
    </message>
    <message>
        <source>Lists the Sentinel-2 products over a box as a layer of footprints with date and cloud.</source>
        <translation>Listet die Sentinel-2-Produkte über einem Gebiet als Layer ihrer Umrisse mit Datum und Bewölkung.</translation>
    </message>
    <message>
        <source>catalog</source>
        <translation>Katalog</translation>
    </message>
    <message>
        <source>cloud</source>
        <translation>Wolken</translation>
    </message>
    <message>
        <source>Asks a STAC API for Sentinel-2 L2A products that meet the extent, and makes a layer of their footprints with id, date, cloud cover, tile, orbit, processing baseline and the share of the extent that each covers. Nothing is downloaded but the list.

Of products that were processed again only the latest is listed. Where there is none, the log says whether more cloud or other dates would give some.</source>
        <translation>Fragt eine STAC-API nach Sentinel-2-L2A-Produkten, die die Ausdehnung treffen, und macht einen Layer ihrer Umrisse mit Kennung, Datum, Bewölkung, Kachel, Orbit, Verarbeitungsversion und dem Anteil der Ausdehnung, den jedes deckt. Geladen wird nur die Liste.

Von neu verarbeiteten Produkten wird nur das letzte genannt. Gibt es keines, sagt das Protokoll, ob mehr Wolken oder andere Tage welche ergäben.</translation>
    </message>
    <message>
        <source>The products&apos; footprints, in the order of time.</source>
        <translation>Die Umrisse der Produkte, nach der Zeit geordnet.</translation>
    </message>
    <message>
        <source>Footprints</source>
        <translation>Umrisse</translation>
    </message>
    <message>
        <source>Number of products</source>
        <translation>Anzahl der Produkte</translation>
    </message>
    <message>
        <source>Sentinel-2 footprints</source>
        <translation>Sentinel-2-Umrisse</translation>
    </message>
    <message>
        <source>The box to look in, in any CRS: drawn, of a layer, or of the map.</source>
        <translation>Wo gesucht wird, in beliebigem KBS: gezeichnet, eines Layers oder der Karte.</translation>
    </message>
    <message>
        <source>Products with more cloud, as their metadata say for the whole tile, are left out.</source>
        <translation>Produkte mit mehr Wolken, wie ihre Metadaten sie für die ganze Kachel angeben, werden weggelassen.</translation>
    </message>
    <message>
        <source>Only products of this tile of the military grid (MGRS), such as 10SGJ. Empty: any.</source>
        <translation>Nur Produkte dieser Kachel des Militärgitters (MGRS), etwa 10SGJ. Leer: alle.</translation>
    </message>
    <message>
        <source>Address of the STAC API. Planetary Computer unless another is given; Earth Search and others that hold Sentinel-2 L2A work too.</source>
        <translation>Adresse der STAC-API. Planetary Computer, wenn keine andere angegeben ist; Earth Search und andere mit Sentinel-2 L2A gehen auch.</translation>
    </message>
    <message>
        <source>Name of the Sentinel-2 L2A collection at that STAC API.</source>
        <translation>Name der Sentinel-2-L2A-Sammlung bei dieser STAC-API.</translation>
    </message>
    <message>
        <source>First day</source>
        <translation>Erster Tag</translation>
    </message>
    <message>
        <source>First day (UTC) of the pictures to look for.</source>
        <translation>Erster Tag (UTC) der gesuchten Aufnahmen.</translation>
    </message>
    <message>
        <source>Last day</source>
        <translation>Letzter Tag</translation>
    </message>
    <message>
        <source>Last day (UTC) of the pictures to look for.</source>
        <translation>Letzter Tag (UTC) der gesuchten Aufnahmen.</translation>
    </message>
    <message>
        <source>Most cloud (%)</source>
        <translation>Höchste Bewölkung (%)</translation>
    </message>
    <message>
        <source>Tile</source>
        <translation>Kachel</translation>
    </message>
    <message>
        <source>STAC API</source>
        <translation>STAC-API</translation>
    </message>
    <message>
        <source>Collection</source>
        <translation>Sammlung</translation>
    </message>
    <message>
        <source>Sliding window</source>
        <translation>Gleitendes Fenster</translation>
    </message>
    <message>
        <source>Runs an operator chip by chip over a raster and blends the results into one seamless raster.</source>
        <translation>Führt einen Operator Chip für Chip über ein Raster und überblendet die Ergebnisse zu einem nahtlosen Raster.</translation>
    </message>
    <message>
        <source>overlap</source>
        <translation>Überlappung</translation>
    </message>
    <message>
        <source>blend</source>
        <translation>überblenden</translation>
    </message>
    <message>
        <source>seamless</source>
        <translation>nahtlos</translation>
    </message>
    <message>
        <source>moving window</source>
        <translation>bewegtes Fenster</translation>
    </message>
    <message>
        <source>stride</source>
        <translation>Schrittweite</translation>
    </message>
    <message>
        <source>Cuts the raster into chips, runs the expression on each, and blends the chips with the window&apos;s weights where they overlap. The result has the raster&apos;s own grid, and no seams.

What is not known stays unknown: nodata in the input is nodata in the result, as are pixels that no chip covers and divisions by zero. Chips lie on the raster&apos;s own grid, so a run on an extent gives exactly the pixels that the run on the whole raster gives there.

Expressions: bands are b1, b2, ... in the order chosen, or their names; + - * / // % **, comparisons, &amp; | ~; where(condition, value, otherwise), min, max, clip, abs, sqrt, log, log10, exp, sin, cos, tan, arctan2, isnan; and statistics of the chip: mean, std, median, percentile(x, q), minimum, maximum. Several outputs are separated by a semicolon. Examples: (b4-b3)/(b4+b3), or (b1-mean(b1))/std(b1).</source>
        <translation>Zerlegt das Raster in Chips, wendet den Operator auf jeden an und überblendet die Chips mit den Gewichten des Fensters, wo sie sich überlappen. Das Ergebnis hat das Gitter des Rasters und keine Nähte.

Was unbekannt ist, bleibt unbekannt: Nodata in der Eingabe ist Nodata im Ergebnis, ebenso Pixel, die kein Chip deckt, und Divisionen durch null. Die Chips liegen auf dem Gitter des Rasters, sodass ein Lauf auf einer Ausdehnung genau die Pixel ergibt, die der Lauf auf dem ganzen Raster dort ergibt.

Ausdrücke: Kanäle sind b1, b2, ... in der gewählten Reihenfolge oder ihre Namen; + - * / // % **, Vergleiche, &amp; | ~; where(Bedingung, Wert, sonst), min, max, clip, abs, sqrt, log, log10, exp, sin, cos, tan, arctan2, isnan; und Statistik des Chips: mean, std, median, percentile(x, q), minimum, maximum. Mehrere Ausgaben trennt ein Semikolon. Beispiele: (b4-b3)/(b4+b3) oder (b1-mean(b1))/std(b1).</translation>
    </message>
    <message>
        <source>Threads that run the operator. The result does not depend on it.</source>
        <translation>Threads, in denen der Operator läuft. Das Ergebnis hängt nicht davon ab.</translation>
    </message>
    <message>
        <source>Optional raster with the number of chips that cover each pixel.</source>
        <translation>Auf Wunsch ein Raster mit der Anzahl der Chips, die jedes Pixel decken.</translation>
    </message>
    <message>
        <source>Threads (0: all cores)</source>
        <translation>Threads (0: alle Kerne)</translation>
    </message>
    <message>
        <source>Chips per pixel</source>
        <translation>Chips je Pixel</translation>
    </message>
    <message>
        <source>Split raster into chips</source>
        <translation>Raster in Chips zerlegen</translation>
    </message>
    <message>
        <source>Splits a raster into a folder of georeferenced chips, with labels beside them where they are wanted.</source>
        <translation>Zerlegt ein Raster in einen Ordner georeferenzierter Chips, auf Wunsch mit Labels daneben.</translation>
    </message>
    <message>
        <source>training</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>labels</source>
        <translation>Labels</translation>
    </message>
    <message>
        <source>data set</source>
        <translation>Datensatz</translation>
    </message>
    <message>
        <source>machine learning</source>
        <translation>maschinelles Lernen</translation>
    </message>
    <message>
        <source>sample</source>
        <translation>Stichprobe</translation>
    </message>
    <message>
        <source>split</source>
        <translation>zerlegen</translation>
    </message>
    <message>
        <source>Writes every chip as a GeoTIFF of its own into a folder, with the raster&apos;s own values, nodata value, band names, scale and offset. File names sort in the order of the chips. Beside the chips lie index.gpkg, their footprints with anchor, path and share of valid pixels, and manifest.json, which says how the raster was split: Apply operator to chips and Stitch chips go on from there, and what they make is what Sliding window makes with the same choices.

This is also how training sets are made. Give a raster of classes, or polygons with a field of class numbers, as labels, and each chip gets a label chip of the same name and size in the folder labels. Choose a random or poissondisk sampler for chips spread over the raster, points for chips at places of your own, and a least share of valid pixels to leave out chips that hold mostly nodata.

The window is only kept in the manifest, for stitching. The folder must be new or empty, or one of chips made by Patchwise, which is then replaced. It appears under its name only when it is complete.</source>
        <translation>Schreibt jeden Chip als eigenes GeoTIFF in einen Ordner, mit den Werten des Rasters, seinem Nodata-Wert, Kanalnamen, Skalierung und Versatz. Die Dateinamen ordnen sich wie die Chips. Neben den Chips liegen index.gpkg, ihre Umrisse mit Ankerpunkt, Pfad und Anteil gültiger Pixel, und manifest.json, das sagt, wie das Raster zerlegt wurde: „Operator auf Chips anwenden“ und „Chips zusammenfügen“ machen damit weiter und ergeben, was „Gleitendes Fenster“ mit denselben Angaben ergibt.

So entstehen auch Trainingsdaten. Geben Sie ein Raster mit Klassen oder Polygone mit einem Feld von Klassennummern als Labels an, und jeder Chip bekommt im Ordner labels einen Label-Chip gleichen Namens und gleicher Größe. Wählen Sie die Verteilung random oder poissondisk für Chips über das ganze Raster, points für Chips an eigenen Orten, und einen kleinsten Anteil gültiger Pixel, um Chips wegzulassen, die fast nur Nodata enthalten.

Das Fenster wird nur im Manifest gemerkt, für das Zusammenfügen. Der Ordner muss neu oder leer sein oder ein Chipordner von Patchwise, der dann ersetzt wird. Er erscheint unter seinem Namen erst, wenn er vollständig ist.</translation>
    </message>
    <message>
        <source>Chips in which fewer pixels are known in all bands, as a share from 0 to 1, are left out. Stitched, they are nodata.</source>
        <translation>Chips, in denen weniger Pixel in allen Kanälen bekannt sind, als Anteil von 0 bis 1, werden weggelassen. Zusammengefügt sind sie Nodata.</translation>
    </message>
    <message>
        <source>Raster of classes, or polygons, in any CRS. Each chip gets a label chip on its own pixels: of a raster the nearest value, of polygons that in which the pixel&apos;s centre lies (the last of several).</source>
        <translation>Raster mit Klassen oder Polygone in beliebigem KBS. Jeder Chip bekommt einen Label-Chip auf seinen eigenen Pixeln: von einem Raster den nächsten Wert, von Polygonen das, in dem die Pixelmitte liegt (von mehreren das letzte).</translation>
    </message>
    <message>
        <source>Field of numbers that polygons are burnt with; pixels in no polygon are nodata. Without it pixels in a polygon are 1, all others 0.</source>
        <translation>Feld mit Zahlen, die für die Polygone eingetragen werden; Pixel in keinem Polygon sind Nodata. Ohne Feld sind Pixel in einem Polygon 1, alle anderen 0.</translation>
    </message>
    <message>
        <source>The folder to make: chips, labels, index.gpkg and manifest.json.</source>
        <translation>Der Ordner, der entsteht: Chips, Labels, index.gpkg und manifest.json.</translation>
    </message>
    <message>
        <source>Optional layer of the chips&apos; footprints, the same as index.gpkg, to be shown on the map.</source>
        <translation>Auf Wunsch ein Layer der Umrisse der Chips, derselbe wie index.gpkg, für die Karte.</translation>
    </message>
    <message>
        <source>{count} chips were left out: less than {share} of their pixels are valid.</source>
        <translation>{count} Chips wurden weggelassen: weniger als {share} ihrer Pixel sind gültig.</translation>
    </message>
    <message>
        <source>{count} chips lie where another one does: each place is one file.</source>
        <translation>{count} Chips liegen, wo schon einer liegt: jeder Ort ist eine Datei.</translation>
    </message>
    <message>
        <source>Least share of valid pixels</source>
        <translation>Kleinster Anteil gültiger Pixel</translation>
    </message>
    <message>
        <source>Labels</source>
        <translation>Labels</translation>
    </message>
    <message>
        <source>Field of the labels</source>
        <translation>Feld der Labels</translation>
    </message>
    <message>
        <source>Chips left out</source>
        <translation>Weggelassene Chips</translation>
    </message>
    <message>
        <source>No chip has enough valid pixels: the folder holds none.</source>
        <translation>Kein Chip hat genug gültige Pixel: der Ordner enthält keinen.</translation>
    </message>
    <message>
        <source>{count} chips in {folder}</source>
        <translation>{count} Chips in {folder}</translation>
    </message>
    <message>
        <source>Labels: {loss}</source>
        <translation>Labels: {loss}</translation>
    </message>
    <message>
        <source>Stitch chips</source>
        <translation>Chips zusammenfügen</translation>
    </message>
    <message>
        <source>Blends the chips of a folder into one seamless raster.</source>
        <translation>Überblendet die Chips eines Ordners zu einem nahtlosen Raster.</translation>
    </message>
    <message>
        <source>mosaic</source>
        <translation>Mosaik</translation>
    </message>
    <message>
        <source>merge</source>
        <translation>vereinen</translation>
    </message>
    <message>
        <source>stitch</source>
        <translation>zusammenfügen</translation>
    </message>
    <message>
        <source>vote</source>
        <translation>Abstimmung</translation>
    </message>
    <message>
        <source>Takes a folder made by Split raster into chips or Apply operator to chips and blends the chips with the window&apos;s weights where they overlap. The result has the grid of the raster that was split, or a finer one where the operator made it so. Chips are read one by one, and rows are written when they are final, so that the memory needed does not grow with the raster.

Chips may have been changed by other software in between, as long as they keep their names, sizes and number of bands.

What is in no chip is nodata, and so are chips that were left out when the raster was split, or that failed. Any other chip that is missing or damaged is named, and the run fails, unless missing chips are allowed: then they are nodata, too.</source>
        <translation>Nimmt einen Ordner von „Raster in Chips zerlegen“ oder „Operator auf Chips anwenden“ und überblendet die Chips mit den Gewichten des Fensters, wo sie sich überlappen. Das Ergebnis hat das Gitter des zerlegten Rasters, oder ein feineres, wenn der Operator es so gemacht hat. Chips werden einer nach dem anderen gelesen und Zeilen geschrieben, sobald sie fertig sind, sodass der Speicher nicht mit dem Raster wächst.

Chips dürfen inzwischen von anderer Software verändert worden sein, solange Namen, Größen und Zahl der Kanäle bleiben.

Was in keinem Chip liegt, ist Nodata, ebenso Chips, die beim Zerlegen weggelassen wurden oder gescheitert sind. Jeder andere Chip, der fehlt oder beschädigt ist, wird genannt, und der Lauf schlägt fehl, wenn fehlende Chips nicht erlaubt sind: dann sind auch sie Nodata.</translation>
    </message>
    <message>
        <source>Chips that are missing or damaged become nodata, and the log names them. Otherwise they make the run fail.</source>
        <translation>Chips, die fehlen oder beschädigt sind, werden Nodata, und das Protokoll nennt sie. Sonst lassen sie den Lauf fehlschlagen.</translation>
    </message>
    <message>
        <source>{count} chips were left out when the raster was split: they are nodata.</source>
        <translation>{count} Chips wurden beim Zerlegen des Rasters weggelassen: sie sind Nodata.</translation>
    </message>
    <message>
        <source>{count} chips failed when an operator was applied: they are nodata.</source>
        <translation>{count} Chips sind bei einem Operator gescheitert: sie sind Nodata.</translation>
    </message>
    <message>
        <source>Allow missing chips</source>
        <translation>Fehlende Chips erlauben</translation>
    </message>
    <message>
        <source>Stitched chips</source>
        <translation>Zusammengefügte Chips</translation>
    </message>
    <message>
        <source>Chips missing or damaged</source>
        <translation>Fehlende oder beschädigte Chips</translation>
    </message>
    <message>
        <source>{path} is missing or damaged: nodata</source>
        <translation>{path} fehlt oder ist beschädigt: Nodata</translation>
    </message>
    <message>
        <source>Window weights</source>
        <translation>Fenstergewichte</translation>
    </message>
    <message>
        <source>Computes the weights of one chip, or their sum over an extent, as a raster.</source>
        <translation>Berechnet die Gewichte eines Chips, oder ihre Summe über einer Ausdehnung, als Raster.</translation>
    </message>
    <message>
        <source>window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>taper</source>
        <translation>Flanken</translation>
    </message>
    <message>
        <source>coverage</source>
        <translation>Bedeckung</translation>
    </message>
    <message>
        <source>gaps</source>
        <translation>Lücken</translation>
    </message>
    <message>
        <source>Hann</source>
        <translation>Hann</translation>
    </message>
    <message>
        <source>Tukey</source>
        <translation>Tukey</translation>
    </message>
    <message>
        <source>Gaussian</source>
        <translation>Gauß</translation>
    </message>
    <message>
        <source>Shows what a window, a chip size and a stride do before a long run, without reading the raster.

coverage is the sum of the weights of all chips on each pixel of the extent, on the raster&apos;s own grid. Pixels in no chip are nodata: there a run gives nodata too. Where the sum varies, the cover is uneven; a run divides by it, so that this alone makes no error.

window is the raster of one chip&apos;s weights, at the chip in the middle of the extent. Pixels that are not part of the chip, as outside a spherical cap or where a custom window is 0, are nodata.</source>
        <translation>Zeigt vor einem langen Lauf, was Fenster, Chipgröße und Schrittweite bewirken, ohne das Raster zu lesen.

coverage ist die Summe der Gewichte aller Chips auf jedem Pixel der Ausdehnung, auf dem Gitter des Rasters. Pixel in keinem Chip sind Nodata: dort gibt auch ein Lauf Nodata. Wo die Summe schwankt, ist die Bedeckung ungleichmäßig; ein Lauf teilt durch sie, sodass dies allein kein Fehler ist.

window ist das Raster der Gewichte eines Chips, beim Chip in der Mitte der Ausdehnung. Pixel, die nicht zum Chip gehören, wie außerhalb einer Kugelkappe oder wo ein eigenes Fenster 0 ist, sind Nodata.</translation>
    </message>
    <message>
        <source>What to compute: coverage (the sum over all chips) or window (one chip&apos;s weights).</source>
        <translation>Was berechnet wird: coverage (die Summe über alle Chips) oder window (die Gewichte eines Chips).</translation>
    </message>
    <message>
        <source>{count} pixels ({share} %) lie in no chip.</source>
        <translation>{count} Pixel ({share} %) liegen in keinem Chip.</translation>
    </message>
    <message>
        <source>summed weights on {name}</source>
        <translation>Summe der Gewichte auf {name}</translation>
    </message>
    <message>
        <source>window on {name}</source>
        <translation>Fenster auf {name}</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>Pixels in no chip</source>
        <translation>Pixel in keinem Chip</translation>
    </message>
    <message>
        <source>{count} chips, {drawn} of {view} in view are drawn</source>
        <translation>{count} Chips, {drawn} von {view} im Blick sind gezeichnet</translation>
    </message>
    <message>
        <source>{height} x {width} pixels, {milliseconds} ms for the operator</source>
        <translation>{height} x {width} Pixel, {milliseconds} ms für den Operator</translation>
    </message>
    <message>
        <source>{name}, band {bands}</source>
        <translation>{name}, Kanal {bands}</translation>
    </message>
    <message>
        <source>{name} ({bands})</source>
        <translation>{name} ({bands})</translation>
    </message>
    <message>
        <source>no data</source>
        <translation>keine Daten</translation>
    </message>
    <message>
        <source>Chip before and after the operator</source>
        <translation>Chip vor und nach dem Operator</translation>
    </message>
    <message>
        <source>Computing a chip ...</source>
        <translation>Ein Chip wird berechnet ...</translation>
    </message>
    <message>
        <source>{low} to {high}</source>
        <translation>{low} bis {high}</translation>
    </message>
    <message>
        <source>Chip at row {row}, column {column}</source>
        <translation>Chip in Zeile {row}, Spalte {column}</translation>
    </message>
    <message>
        <source>Input</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Output</source>
        <translation>Ausgabe</translation>
    </message>
    <message>
        <source>Chip preview</source>
        <translation>Chipvorschau</translation>
    </message>
    <message>
        <source>Show the c&amp;hip grid on the map</source>
        <translation>C&amp;hipgitter auf der Karte zeigen</translation>
    </message>
    <message>
        <source>Pick &amp;on the map</source>
        <translation>Auf der Karte &amp;wählen</translation>
    </message>
    <message>
        <source>Click a place on the map to see its chip. Otherwise it is the one in the middle of the map.</source>
        <translation>Ein Klick auf die Karte zeigt den Chip an dieser Stelle, sonst ist es der in der Mitte der Karte.</translation>
    </message>
    <message>
        <source>Load Sentinel-2</source>
        <translation>Sentinel-2 laden</translation>
    </message>
    <message>
        <source>The run was cancelled: nothing was written.</source>
        <translation>Der Lauf wurde abgebrochen: es wurde nichts geschrieben.</translation>
    </message>
    <message>
        <source>{name} is done.</source>
        <translation>{name} ist fertig.</translation>
    </message>
    <message>
        <source>Open log</source>
        <translation>Protokoll öffnen</translation>
    </message>
    <message>
        <source>Show settings</source>
        <translation>Einstellungen zeigen</translation>
    </message>
    <message>
        <source>{layer} is on the map.</source>
        <translation>{layer} ist auf der Karte.</translation>
    </message>
    <message>
        <source>Log of {name}</source>
        <translation>Protokoll von {name}</translation>
    </message>
    <message>
        <source>Settings of {name}</source>
        <translation>Einstellungen von {name}</translation>
    </message>
    <message>
        <source>What is done with each chip.</source>
        <translation>Was mit jedem Chip geschieht.</translation>
    </message>
    <message>
        <source>ONNX models (*.onnx)</source>
        <translation>ONNX-Modelle (*.onnx)</translation>
    </message>
    <message>
        <source>A model of one image input. A fixed input size becomes the chip size.</source>
        <translation>Ein Modell mit einem Bild als Eingabe. Eine feste Eingabegröße wird zur Chipgröße.</translation>
    </message>
    <message>
        <source>Python files (*.py)</source>
        <translation>Python-Dateien (*.py)</translation>
    </message>
    <message>
        <source>A file with def operator(chip, meta). It runs inside QGIS with all your rights: use only files that you trust.</source>
        <translation>Eine Datei mit def operator(chip, meta). Sie läuft in QGIS mit allen Ihren Rechten: nehmen Sie nur Dateien, denen Sie vertrauen.</translation>
    </message>
    <message>
        <source>Band math: b1, b2, ... or band names; where(condition, value, otherwise), min, max, clip, abs, sqrt, log, exp; and statistics of the chip: mean, std, median, minimum, maximum, percentile(x, q). Several outputs are separated by a semicolon.</source>
        <translation>Rechnen mit Kanälen: b1, b2, ... oder ihre Namen; where(Bedingung, Wert, sonst), min, max, clip, abs, sqrt, log, exp; und Statistik des Chips: mean, std, median, minimum, maximum, percentile(x, q). Mehrere Ausgaben trennt ein Semikolon.</translation>
    </message>
    <message>
        <source>The bands are found by their names, or by the band roles under More settings.</source>
        <translation>Die Kanäle werden an ihren Namen erkannt oder an den Rollen unter Weitere Einstellungen.</translation>
    </message>
    <message>
        <source>One class a line as name: condition; the first that holds wins.</source>
        <translation>Eine Klasse je Zeile als Name: Bedingung; die erste, die zutrifft, gilt.</translation>
    </message>
    <message>
        <source>&amp;Kind</source>
        <translation>A&amp;rt</translation>
    </message>
    <message>
        <source>Ex&amp;pression</source>
        <translation>A&amp;usdruck</translation>
    </message>
    <message>
        <source>I&amp;ndex</source>
        <translation>Inde&amp;x</translation>
    </message>
    <message>
        <source>R&amp;ules</source>
        <translation>Re&amp;geln</translation>
    </message>
    <message>
        <source>Mo&amp;del</source>
        <translation>&amp;Modell</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>Da&amp;tei</translation>
    </message>
    <message>
        <source>Spectral index</source>
        <translation>Spektralindex</translation>
    </message>
    <message>
        <source>Classes by rules</source>
        <translation>Klassen nach Regeln</translation>
    </message>
    <message>
        <source>Neural network (ONNX)</source>
        <translation>Neuronales Netz (ONNX)</translation>
    </message>
    <message>
        <source>The shape of a chip.</source>
        <translation>Die Form eines Chips.</translation>
    </message>
    <message>
        <source>How much each pixel of a chip counts where chips overlap.</source>
        <translation>Wie viel jedes Pixel eines Chips zählt, wo Chips sich überlappen.</translation>
    </message>
    <message>
        <source>What happens at the raster&apos;s edge. Shift leaves nothing uncovered.</source>
        <translation>Was am Rand des Rasters geschieht. Verschieben lässt nichts unbedeckt.</translation>
    </message>
    <message>
        <source>How overlapping chips become one value.</source>
        <translation>Wie aus überlappenden Chips ein Wert wird.</translation>
    </message>
    <message>
        <source>Overlap of neighbouring chips in percent of the chip size. It sets the stride.</source>
        <translation>Überlappung benachbarter Chips in Prozent der Chipgröße. Sie bestimmt die Schrittweite.</translation>
    </message>
    <message>
        <source>Radius of the cap on the sphere.</source>
        <translation>Radius der Kappe auf der Kugel.</translation>
    </message>
    <message>
        <source> km</source>
        <translation> km</translation>
    </message>
    <message>
        <source>Each polygon of this layer is one chip.</source>
        <translation>Jedes Polygon dieses Layers ist ein Chip.</translation>
    </message>
    <message>
        <source>Weights as an expression in x and y (-1 to 1 from edge to edge) and r = sqrt(x*x + y*y).</source>
        <translation>Gewichte als Ausdruck in x und y (-1 bis 1 von Rand zu Rand) und r = sqrt(x*x + y*y).</translation>
    </message>
    <message>
        <source>Whether chip size and stride are in pixels or in the units of the raster&apos;s map.</source>
        <translation>Ob Chipgröße und Schrittweite in Pixeln oder in den Karteneinheiten des Rasters stehen.</translation>
    </message>
    <message>
        <source>Height and width of a chip. The operator sees one at a time.</source>
        <translation>Höhe und Breite eines Chips. Der Operator sieht immer einen.</translation>
    </message>
    <message>
        <source>Distance from one chip to the next. Below the chip size chips overlap and are blended.</source>
        <translation>Abstand von einem Chip zum nächsten. Unterhalb der Chipgröße überlappen sich Chips und werden überblendet.</translation>
    </message>
    <message>
        <source>G&amp;eometry</source>
        <translation>G&amp;eometrie</translation>
    </message>
    <message>
        <source>Pol&amp;ygons</source>
        <translation>Pol&amp;ygone</translation>
    </message>
    <message>
        <source>Rad&amp;ius</source>
        <translation>Ra&amp;dius</translation>
    </message>
    <message>
        <source>&amp;Chip size</source>
        <translation>&amp;Chipgröße</translation>
    </message>
    <message>
        <source>&amp;Stride</source>
        <translation>&amp;Schrittweite</translation>
    </message>
    <message>
        <source>O&amp;verlap</source>
        <translation>Ü&amp;berlappung</translation>
    </message>
    <message>
        <source>&amp;Window</source>
        <translation>&amp;Fenster</translation>
    </message>
    <message>
        <source>&amp;Taper</source>
        <translation>Fla&amp;nken</translation>
    </message>
    <message>
        <source>Wei&amp;ghts</source>
        <translation>Ge&amp;wichte</translation>
    </message>
    <message>
        <source>&amp;At the edge</source>
        <translation>Am Ran&amp;d</translation>
    </message>
    <message>
        <source>&amp;Merge by</source>
        <translation>&amp;Vereinen durch</translation>
    </message>
    <message>
        <source>Rectangular</source>
        <translation>Rechteckig</translation>
    </message>
    <message>
        <source>Spherical cap</source>
        <translation>Kugelkappe</translation>
    </message>
    <message>
        <source>Polygons of a layer</source>
        <translation>Polygone eines Layers</translation>
    </message>
    <message>
        <source>Boxcar</source>
        <translation>Rechteck</translation>
    </message>
    <message>
        <source>Custom</source>
        <translation>Eigenes</translation>
    </message>
    <message>
        <source>Shift the last chip inward</source>
        <translation>Letzten Chip verschieben</translation>
    </message>
    <message>
        <source>Reflect the raster</source>
        <translation>Raster spiegeln</translation>
    </message>
    <message>
        <source>Pad with nodata</source>
        <translation>Mit Nodata auffüllen</translation>
    </message>
    <message>
        <source>Cut the chip</source>
        <translation>Chip abschneiden</translation>
    </message>
    <message>
        <source>Leave out what does not fit</source>
        <translation>Unpassendes weglassen</translation>
    </message>
    <message>
        <source>Weighted mean</source>
        <translation>Gewichtetes Mittel</translation>
    </message>
    <message>
        <source>Sum</source>
        <translation>Summe</translation>
    </message>
    <message>
        <source>Minimum</source>
        <translation>Minimum</translation>
    </message>
    <message>
        <source>Maximum</source>
        <translation>Maximum</translation>
    </message>
    <message>
        <source>Median</source>
        <translation>Median</translation>
    </message>
    <message>
        <source>Vote of labels</source>
        <translation>Abstimmung</translation>
    </message>
    <message>
        <source>Vote of probabilities</source>
        <translation>Weiche Abstimmung</translation>
    </message>
    <message>
        <source>Pixels</source>
        <translation>Pixel</translation>
    </message>
    <message>
        <source>Map units</source>
        <translation>Karteneinheiten</translation>
    </message>
    <message>
        <source>gap</source>
        <translation>Lücke</translation>
    </message>
    <message>
        <source>Si&amp;gma</source>
        <translation>Si&amp;gma</translation>
    </message>
    <message>
        <source>{percent} %</source>
        <translation>{percent} %</translation>
    </message>
    <message>
        <source>The sliding window cannot be run with spherical caps in this version.</source>
        <translation>Das gleitende Fenster kennt in dieser Version keine Kugelkappen.</translation>
    </message>
    <message>
        <source>The stride is larger than the chip: {stride} above {chip} pixels leaves gaps. Choose a stride of at most the chip size.</source>
        <translation>Die Schrittweite ist größer als der Chip: {stride} über {chip} Pixel lässt Lücken. Wählen Sie höchstens die Chipgröße.</translation>
    </message>
    <message>
        <source>The chip of {chip} pixels is larger than the extent of {extent} pixels: choose a smaller chip or a larger extent.</source>
        <translation>Der Chip von {chip} Pixeln ist größer als die Ausdehnung von {extent} Pixeln: wählen Sie einen kleineren Chip oder eine größere Ausdehnung.</translation>
    </message>
    <message>
        <source>Not ready to run: {field} has an error in column {column}.</source>
        <translation>Noch nicht lauffähig: {field} hat einen Fehler in Spalte {column}.</translation>
    </message>
    <message>
        <source>The algorithm {name} is not there: is the Patchwise provider enabled?</source>
        <translation>Der Algorithmus {name} fehlt: ist der Anbieter Patchwise eingeschaltet?</translation>
    </message>
    <message>
        <source>Not ready to run: see what is said below {field}.</source>
        <translation>Noch nicht lauffähig: siehe unter {field}.</translation>
    </message>
    <message>
        <source>Choose a raster layer.</source>
        <translation>Wählen Sie ein Rasterlayer.</translation>
    </message>
    <message>
        <source>Choose a layer of polygons.</source>
        <translation>Wählen Sie einen Layer mit Polygonen.</translation>
    </message>
    <message>
        <source>Use its Patchwise settings</source>
        <translation>Seine Patchwise-Einstellungen übernehmen</translation>
    </message>
    <message>
        <source>Run the algorithm in the background and add the result to the map.</source>
        <translation>Den Algorithmus im Hintergrund ausführen und das Ergebnis zur Karte hinzufügen.</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>A run is under way.</source>
        <translation>Ein Lauf ist im Gange.</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Ausführen</translation>
    </message>
    <message>
        <source>&amp;Result</source>
        <translation>Ergebn&amp;is</translation>
    </message>
    <message>
        <source>The run failed; the log may say why.</source>
        <translation>Der Lauf ist fehlgeschlagen; das Protokoll sagt vielleicht, warum.</translation>
    </message>
    <message>
        <source>Another run is under way.</source>
        <translation>Ein anderer Lauf ist im Gange.</translation>
    </message>
    <message>
        <source>The result {source} cannot be loaded.</source>
        <translation>Das Ergebnis {source} kann nicht geladen werden.</translation>
    </message>
    <message>
        <source>Save these settings as my defaults</source>
        <translation>Diese Einstellungen als meine Vorgaben merken</translation>
    </message>
    <message>
        <source>Back to my defaults</source>
        <translation>Zurück zu meinen Vorgaben</translation>
    </message>
    <message>
        <source>Copy as Python command</source>
        <translation>Als Python-Befehl kopieren</translation>
    </message>
    <message>
        <source>Copy as JSON</source>
        <translation>Als JSON kopieren</translation>
    </message>
    <message>
        <source>Copy as qgis_process command</source>
        <translation>Als qgis_process-Befehl kopieren</translation>
    </message>
    <message>
        <source>The box to look in: the map&apos;s, a layer&apos;s, or drawn.</source>
        <translation>Wo gesucht wird: in der Karte, in einem Layer oder in einem gezeichneten Rechteck.</translation>
    </message>
    <message>
        <source>First day.</source>
        <translation>Erster Tag.</translation>
    </message>
    <message>
        <source>Last day.</source>
        <translation>Letzter Tag.</translation>
    </message>
    <message>
        <source> %</source>
        <translation> %</translation>
    </message>
    <message>
        <source>Scenes with more clouds are left out.</source>
        <translation>Szenen mit mehr Wolken werden weggelassen.</translation>
    </message>
    <message>
        <source>Names of the bands to load, separated by commas.</source>
        <translation>Namen der Kanäle, durch Kommas getrennt.</translation>
    </message>
    <message>
        <source>Reflectance takes the offset of the scene&apos;s processing baseline into account.</source>
        <translation>Reflektanz berücksichtigt den Versatz der Verarbeitungsversion der Szene.</translation>
    </message>
    <message>
        <source>Mask clouds and their shadows</source>
        <translation>Wolken und ihre Schatten ausblenden</translation>
    </message>
    <message>
        <source>&amp;Search</source>
        <translation>&amp;Suchen</translation>
    </message>
    <message>
        <source>L&amp;oad</source>
        <translation>La&amp;den</translation>
    </message>
    <message>
        <source>Scenes found</source>
        <translation>Gefundene Szenen</translation>
    </message>
    <message>
        <source>E&amp;xtent</source>
        <translation>&amp;Ausdehnung</translation>
    </message>
    <message>
        <source>&amp;Dates</source>
        <translation>&amp;Tage</translation>
    </message>
    <message>
        <source>Most &amp;cloud</source>
        <translation>&amp;Wolken bis</translation>
    </message>
    <message>
        <source>&amp;Bands</source>
        <translation>&amp;Kanäle</translation>
    </message>
    <message>
        <source>&amp;Values</source>
        <translation>We&amp;rte</translation>
    </message>
    <message>
        <source>Date</source>
        <translation>Datum</translation>
    </message>
    <message>
        <source>Cloud</source>
        <translation>Wolken</translation>
    </message>
    <message>
        <source>Covers</source>
        <translation>Deckt</translation>
    </message>
    <message>
        <source>Stored numbers</source>
        <translation>Gespeicherte Zahlen</translation>
    </message>
    <message>
        <source>Reflectance</source>
        <translation>Reflektanz</translation>
    </message>
    <message>
        <source>One scene.</source>
        <translation>Eine Szene.</translation>
    </message>
    <message>
        <source>Sentinel-2 scenes need {names}, which this version of Patchwise does not have.</source>
        <translation>Sentinel-2-Szenen brauchen {names}, was diese Version von Patchwise nicht hat.</translation>
    </message>
    <message>
        <source>No scene: allow more cloud, or other dates.</source>
        <translation>Keine Szene: erlauben Sie mehr Wolken oder andere Tage.</translation>
    </message>
    <message>
        <source>More settings</source>
        <translation>Weitere Einstellungen</translation>
    </message>
    <message>
        <source>L&amp;oad the chosen scene</source>
        <translation>Gewählte Szene la&amp;den</translation>
    </message>
    <message>
        <source>L&amp;oad the clearest scene</source>
        <translation>Klarste Szene la&amp;den</translation>
    </message>
    <message>
        <source>{count} scenes.</source>
        <translation>{count} Szenen.</translation>
    </message>
    <message>
        <source> and </source>
        <translation> und </translation>
    </message>
    <message>
        <source>All bands</source>
        <translation>Alle Kanäle</translation>
    </message>
    <message>
        <source>Bands given to the operator: the first chosen is b1. None means all.</source>
        <translation>Kanäle für den Operator: der erste gewählte ist b1. Keiner heißt alle.</translation>
    </message>
    <message>
        <source>Part of the raster to compute: what the map shows, a layer&apos;s extent, or one that is drawn.</source>
        <translation>Der Teil des Rasters, der berechnet wird: was die Karte zeigt, die Ausdehnung eines Layers oder ein gezeichnetes Rechteck.</translation>
    </message>
    <message>
        <source>Use its settings</source>
        <translation>Seine Einstellungen übernehmen</translation>
    </message>
    <message>
        <source>Patchwise made this layer: fill in the settings it was made with.</source>
        <translation>Patchwise hat diesen Layer gemacht: die Einstellungen dieses Laufs eintragen.</translation>
    </message>
    <message>
        <source>The raster to work on. It is only read.</source>
        <translation>Das Raster, mit dem gerechnet wird. Es wird nur gelesen.</translation>
    </message>
    <message>
        <source>&amp;Layer</source>
        <translation>&amp;Layer</translation>
    </message>
    <message>
        <source>everything covered</source>
        <translation>alles bedeckt</translation>
    </message>
    <message>
        <source>less than a second</source>
        <translation>weniger als eine Sekunde</translation>
    </message>
    <message>
        <source>one chip</source>
        <translation>ein Chip</translation>
    </message>
    <message>
        <source>{count} polygons, each of them one chip.</source>
        <translation>{count} Polygone, jedes davon ein Chip.</translation>
    </message>
    <message>
        <source>{number} billion</source>
        <translation>{number} Milliarden</translation>
    </message>
    <message>
        <source>{number} million</source>
        <translation>{number} Millionen</translation>
    </message>
    <message>
        <source>{number} thousand</source>
        <translation>{number} Tausend</translation>
    </message>
    <message>
        <source>{number} MB</source>
        <translation>{number} MB</translation>
    </message>
    <message>
        <source>{percent} % covered</source>
        <translation>{percent} % bedeckt</translation>
    </message>
    <message>
        <source>about {hours} h</source>
        <translation>etwa {hours} h</translation>
    </message>
    <message>
        <source>{pixels} pixels to read</source>
        <translation>{pixels} Pixel zu lesen</translation>
    </message>
    <message>
        <source>{size} of memory</source>
        <translation>{size} Speicher</translation>
    </message>
    <message>
        <source> (measured)</source>
        <translation> (gemessen)</translation>
    </message>
    <message>
        <source>{number} GB</source>
        <translation>{number} GB</translation>
    </message>
    <message>
        <source>about {seconds} s</source>
        <translation>etwa {seconds} s</translation>
    </message>
    <message>
        <source>about {minutes} min</source>
        <translation>etwa {minutes} min</translation>
    </message>
    <message>
        <source>Summed weights</source>
        <translation>Summe der Gewichte</translation>
    </message>
    <message>
        <source>Even cover: weights sum to the same on every pixel.</source>
        <translation>Gleichmäßige Bedeckung: auf jedem Pixel ist die Summe der Gewichte gleich.</translation>
    </message>
    <message>
        <source>The chips lie on no lattice: their cover differs from place to place.</source>
        <translation>Die Chips liegen auf keinem Gitter: ihre Bedeckung ist von Ort zu Ort verschieden.</translation>
    </message>
    <message>
        <source>Uneven cover: weights sum to {low} to {high} of their mean; division evens it out.</source>
        <translation>Ungleichmäßige Bedeckung: die Summe der Gewichte ist {low} bis {high} ihres Mittels; die Division gleicht das aus.</translation>
    </message>
    <message>
        <source>Uneven weights, but no chips overlap: nothing is blended.</source>
        <translation>Ungleiche Gewichte, aber keine Überlappung: es wird nichts überblendet.</translation>
    </message>
    <message>
        <source>Even cover: one chip on each pixel, nothing is blended.</source>
        <translation>Gleichmäßige Bedeckung: ein Chip auf jedem Pixel, es wird nichts überblendet.</translation>
    </message>
    <message>
        <source>Choose a raster to see the window.</source>
        <translation>Wählen Sie ein Raster, um das Fenster zu sehen.</translation>
    </message>
    <message>
        <source>Row {row}, column {col} of the chip: weight {weight}</source>
        <translation>Zeile {row}, Spalte {col} des Chips: Gewicht {weight}</translation>
    </message>
    <message>
        <source>{weight} times the mean weight</source>
        <translation>das {weight}-Fache des mittleren Gewichts</translation>
    </message>
    <message>
        <source>In no chip: no data in the result</source>
        <translation>In keinem Chip: keine Daten im Ergebnis</translation>
    </message>
    <message>
        <source>Gaps: {share} % of the pixels are in no chip and become nodata.</source>
        <translation>Lücken: {share} % der Pixel liegen in keinem Chip und werden Nodata.</translation>
    </message>
    <message>
        <source>Window of {height} x {width} pixels.</source>
        <translation>Fenster von {height} x {width} Pixeln.</translation>
    </message>
    <message>
        <source>Save the result as</source>
        <translation>Ergebnis speichern als</translation>
    </message>
    <message>
        <source>[temporary file]</source>
        <translation>[temporäre Datei]</translation>
    </message>
    <message>
        <source>Where the result is written. Empty: a temporary file, which goes when QGIS is closed.</source>
        <translation>Wohin das Ergebnis geschrieben wird. Leer: in eine temporäre Datei, die mit dem Ende von QGIS verschwindet.</translation>
    </message>
    <message>
        <source>The weights of polygons are those of their shapes.</source>
        <translation>Die Gewichte von Polygonen sind ihre Formen.</translation>
    </message>
    <message>
        <source>Chips</source>
        <translation>Chips</translation>
    </message>
    <message>
        <source>The Patchwise provider is not enabled.</source>
        <translation>Der Anbieter Patchwise ist nicht eingeschaltet.</translation>
    </message>
    <message>
        <source>{name} is &apos;{value}&apos;: it must be one of {allowed}</source>
        <translation>{name} ist '{value}': erlaubt ist eines von {allowed}</translation>
    </message>
    <message>
        <source>Chips of this size need about {memory} GB of memory: smaller chips need less.</source>
        <translation>Chips dieser Größe brauchen etwa {memory} GB Speicher: kleinere Chips brauchen weniger.</translation>
    </message>
    <message>
        <source>No pixel has a value: all of the extent is without data, or masked.</source>
        <translation>Kein Pixel hat einen Wert: die ganze Ausdehnung ist ohne Daten oder maskiert.</translation>
    </message>
    <message>
        <source>{id}: {day}, cloud not known</source>
        <translation>{id}: {day}, Bewölkung nicht bekannt</translation>
    </message>
    <message>
        <source>No pixel of the result has a value: look at the input&apos;s nodata value and at the operator.</source>
        <translation>Kein Pixel des Ergebnisses hat einen Wert: der Nodata-Wert der Eingabe und der Operator sollten geprüft werden.</translation>
    </message>
    <message>
        <source>must have a band {number}, which the run needs</source>
        <translation>muss einen Kanal {number} haben, den der Lauf braucht</translation>
    </message>
    <message>
        <source>{who} cannot be used: {kind}: {said}. A file may be damaged, or this is a fault of Patchwise: the log, under {log}, has the details.</source>
        <translation>{who} kann nicht verwendet werden: {kind}: {said}. Vielleicht ist eine Datei beschädigt, oder es ist ein Fehler von Patchwise: Im Protokoll, unter {log}, steht Näheres.</translation>
    </message>
    <message>
        <source>Empty: the Python file or model that you choose is taken as it is. Otherwise it has to have one of these SHA-256 sums, as in sha256:2c26b46b...: a file that was changed since is not run.</source>
        <translation>Leer: Die Python-Datei oder das Modell, das Sie wählen, wird genommen, wie es ist. Sonst muss es eine dieser SHA-256-Summen haben, etwa sha256:2c26b46b...: Eine Datei, die seither geändert wurde, wird nicht ausgeführt.</translation>
    </message>
    <message>
        <source>Every raster that the sliding window makes carries its configuration: the input, the chips, the window, the operator and the kind of output. This does the same again, and gives the same pixels.

Give either a raster that Patchwise made, or a file with a configuration: JSON or YAML, of such a run, of a SpatialPatcher, or of a pipeline GridSampler, ApplyToChips, Stitch, as to_config and to_yaml of the Python core write it.

The input is found again where it was, seen from the folder of the raster or file, or by its path. To run the same on another raster, choose that as input: where it differs in size or bands, the log says so.

A configuration may name a Python file, a model, or rasters on servers. A Python file is run inside QGIS with all your rights. Nothing of this is run, opened or asked before you have agreed: by your answer in QGIS&apos;s window, which is remembered for the content of the file and for the server, or by the parameter Trust.</source>
        <translation>Jedes Raster, das das gleitende Fenster erzeugt, trägt seine Konfiguration: die Eingabe, die Chips, das Fenster, den Operator und die Art der Ausgabe. Dies macht dasselbe noch einmal und ergibt dieselben Pixel.

Geben Sie entweder ein Raster an, das Patchwise erzeugt hat, oder eine Datei mit einer Konfiguration: JSON oder YAML eines solchen Laufs, eines SpatialPatcher oder einer Pipeline GridSampler, ApplyToChips, Stitch, wie to_config und to_yaml des Python-Kerns sie schreiben.

Die Eingabe wird dort wiedergefunden, wo sie war, vom Ordner des Rasters oder der Datei aus gesehen, oder über ihren Pfad. Um dasselbe auf einem anderen Raster laufen zu lassen, wählen Sie dieses als Eingabe: Wo es in Größe oder Bändern abweicht, sagt es das Protokoll.

Eine Konfiguration kann eine Python-Datei, ein Modell oder Raster auf Servern nennen. Eine Python-Datei läuft in QGIS mit all Ihren Rechten. Nichts davon wird ausgeführt, geöffnet oder gefragt, bevor Sie zugestimmt haben: durch Ihre Antwort im Fenster von QGIS, die für den Inhalt der Datei und für den Server gemerkt wird, oder durch den Parameter Vertrauen.</translation>
    </message>
    <message>
        <source>What the configuration may run, open or ask, several separated by commas: sha256:2c26b46b... for a file, host:example.org for a server, or all. What is refused without it is named with what to write here. In QGIS&apos;s window you are asked instead.</source>
        <translation>Was die Konfiguration ausführen, öffnen oder fragen darf, mehreres durch Kommas getrennt: sha256:2c26b46b... für eine Datei, host:example.org für einen Server, oder all. Was ohne dies abgelehnt wird, wird mit dem genannt, was hier einzutragen ist. Im Fenster von QGIS werden Sie stattdessen gefragt.</translation>
    </message>
    <message>
        <source>Trust</source>
        <translation>Vertrauen</translation>
    </message>
    <message>
        <source>Run the file on this chip</source>
        <translation>Datei auf diesem Chip ausführen</translation>
    </message>
    <message>
        <source>Runs the Python file on one chip, now and after further changes, until the file is another.</source>
        <translation>Führt die Python-Datei auf einem Chip aus, jetzt und nach weiteren Änderungen, bis es eine andere Datei ist.</translation>
    </message>
    <message>
        <source>A Python file is run only when you ask for it.</source>
        <translation>Eine Python-Datei wird nur ausgeführt, wenn Sie es verlangen.</translation>
    </message>
    <message>
        <source>A project, a layer, a configuration or saved settings name what you have not chosen yourself:</source>
        <translation>Ein Projekt, ein Layer, eine Konfiguration oder gespeicherte Einstellungen nennen, was Sie nicht selbst gewählt haben:</translation>
    </message>
    <message>
        <source>A Python file can do all that you can do: read, change and delete your files, and send them away. Read it first, or ask who made it.</source>
        <translation>Eine Python-Datei kann alles, was Sie können: Ihre Dateien lesen, ändern, löschen und verschicken. Lesen Sie sie zuerst, oder fragen Sie, wer sie gemacht hat.</translation>
    </message>
    <message>
        <source>Your answer is remembered for this content. If the file changes, you are asked again.</source>
        <translation>Ihre Antwort wird für diesen Inhalt gemerkt. Ändert sich die Datei, werden Sie wieder gefragt.</translation>
    </message>
    <message>
        <source>Your answer is remembered for the host. It learns your address, and that you opened this.</source>
        <translation>Ihre Antwort wird für diesen Server gemerkt. Er erfährt Ihre Adresse und dass Sie dies geöffnet haben.</translation>
    </message>
    <message>
        <source>Patchwise: do you trust this?</source>
        <translation>Patchwise: Vertrauen Sie dem?</translation>
    </message>
    <message>
        <source>Trust it and go on</source>
        <translation>Vertrauen und weiter</translation>
    </message>
    <message>
        <source>No</source>
        <translation>Nein</translation>
    </message>
    <message>
        <source>This host would be asked:</source>
        <translation>Dieser Server würde gefragt:</translation>
    </message>
    <message>
        <source>{path} waits for your confirmation: a project, a layer or saved settings named it, and not you. Until then it is not used.</source>
        <translation>{path} wartet auf Ihre Bestätigung: Ein Projekt, ein Layer oder gespeicherte Einstellungen haben es genannt, nicht Sie. Bis dahin wird es nicht verwendet.</translation>
    </message>
    <message>
        <source>This Python file would run, with all your rights:</source>
        <translation>Diese Python-Datei würde laufen, mit all Ihren Rechten:</translation>
    </message>
    <message>
        <source>This ONNX model would be opened by onnxruntime:</source>
        <translation>Dieses ONNX-Modell würde von onnxruntime geöffnet:</translation>
    </message>
    <message>
        <source>This description says what else is read:</source>
        <translation>Diese Beschreibung sagt, was noch gelesen wird:</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Pfad</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>SHA-256</source>
        <translation>SHA-256</translation>
    </message>
    <message>
        <source>This raster on your machine would be opened:</source>
        <translation>Dieses Raster auf Ihrem Rechner würde geöffnet:</translation>
    </message>
    <message>
        <source>The host {host} waits for your confirmation: a project or saved settings name a raster there. Until then it is not asked.</source>
        <translation>Der Server {host} wartet auf Ihre Bestätigung: Ein Projekt oder gespeicherte Einstellungen nennen ein Raster dort. Bis dahin wird er nicht gefragt.</translation>
    </message>
    <message>
        <source>{path} waits for your confirmation: a project or saved settings name it as a further input. Until then it is not opened.</source>
        <translation>{path} wartet auf Ihre Bestätigung: Ein Projekt oder gespeicherte Einstellungen nennen es als weitere Eingabe. Bis dahin wird es nicht geöffnet.</translation>
    </message>
    <message>
        <source>Host</source>
        <translation>Server</translation>
    </message>
    <message>
        <source>For</source>
        <translation>Für</translation>
    </message>
    <message>
        <source>{count} bytes</source>
        <translation>{count} Bytes</translation>
    </message>
    <message>
        <source>The layer&apos;s settings cannot be used: {reason}</source>
        <translation>Die Einstellungen des Layers können nicht verwendet werden: {reason}</translation>
    </message>
    <message>
        <source>The project&apos;s Patchwise settings cannot be used: {reason}</source>
        <translation>Die Patchwise-Einstellungen des Projekts können nicht verwendet werden: {reason}</translation>
    </message>
    <message>
        <source>Look at it and confirm ...</source>
        <translation>Ansehen und bestätigen ...</translation>
    </message>
    <message>
        <source>Shows path, size and SHA-256, or the host, and asks whether you trust it.</source>
        <translation>Zeigt Pfad, Größe und SHA-256 oder den Server und fragt, ob Sie dem vertrauen.</translation>
    </message>
    <message>
        <source>The bands as one raster: a GeoTIFF, or what the format says. It appears under its name only when it is complete.</source>
        <translation>Die Bänder als ein Raster: ein GeoTIFF oder was das Format sagt. Es erscheint erst unter seinem Namen, wenn es vollständig ist.</translation>
    </message>
    <message>
        <source>The stitched raster: in the format of the run, if the name&apos;s ending suits it. It appears under its name only when it is complete.</source>
        <translation>Das zusammengesetzte Raster: im Format des Laufs, wenn die Endung des Namens dazu passt. Es erscheint erst unter seinem Namen, wenn es vollständig ist.</translation>
    </message>
    <message>
        <source>The stitched raster: a GeoTIFF, or what the format says. It appears under its name only when it is complete.</source>
        <translation>Das zusammengesetzte Raster: ein GeoTIFF oder was das Format sagt. Es erscheint erst unter seinem Namen, wenn es vollständig ist.</translation>
    </message>
    <message>
        <source>The weights as a raster of type float32, with NaN as nodata value.</source>
        <translation>Die Gewichte als Raster vom Typ float32, mit NaN als Nodata-Wert.</translation>
    </message>
    <message>
        <source>{name}: the result is in {path}. This version of QGIS cannot show it as a layer.</source>
        <translation>{name}: Das Ergebnis ist in {path}. Diese Version von QGIS kann es nicht als Layer zeigen.</translation>
    </message>
    <message>
        <source>How much each pixel of a chip counts where chips overlap: {windows}.</source>
        <translation>Wie viel jedes Pixel eines Chips zählt, wo Chips sich überlappen: {windows}.</translation>
    </message>
    <message>
        <source>GDAL creation options for GeoTIFF as KEY=VALUE, separated by |. They come over the defaults: tiles, ZSTD or DEFLATE with predictor, BIGTIFF=IF_SAFER. With the format cog they are those of GDAL&apos;s COG driver; zarr has none.</source>
        <translation>GDAL-Erzeugungsoptionen für GeoTIFF als KEY=VALUE, durch | getrennt. Sie gehen den Vorgaben vor: Kacheln, ZSTD oder DEFLATE mit Prädiktor, BIGTIFF=IF_SAFER. Beim Format cog sind es die des COG-Treibers von GDAL; zarr hat keine.</translation>
    </message>
    <message>
        <source>auto: by the ending of the name, .tif or .zarr. geotiff, cog (cloud-optimized GeoTIFF, with overviews) or zarr (a folder, Zarr version 3).</source>
        <translation>auto: nach der Endung des Namens, .tif oder .zarr. geotiff, cog (cloud-optimiertes GeoTIFF, mit Übersichten) oder zarr (ein Ordner, Zarr Version 3).</translation>
    </message>
    <message>
        <source>The cloud-optimized GeoTIFF is made of the finished rows at the end of the run. This step cannot be cancelled, and needs room on the disk for the result twice.</source>
        <translation>Das cloud-optimierte GeoTIFF wird am Ende des Laufs aus den fertigen Zeilen gemacht. Dieser Schritt lässt sich nicht abbrechen und braucht auf der Platte zweimal Platz für das Ergebnis.</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>Format</translation>
    </message>
    <message>
        <source>GeoTIFF (*.tif *.tiff);;Zarr (*.zarr)</source>
        <translation>GeoTIFF (*.tif *.tiff);;Zarr (*.zarr)</translation>
    </message>
    <message>
        <source>all alike</source>
        <translation>alle gleich</translation>
    </message>
    <message>
        <source>smooth, from the middle to nearly nothing at the edge</source>
        <translation>weich, von der Mitte bis fast nichts am Rand</translation>
    </message>
    <message>
        <source>flat with cosine flanks</source>
        <translation>flach mit Kosinusflanken</translation>
    </message>
    <message>
        <source>a bell, never quite nothing</source>
        <translation>eine Glocke, nie ganz nichts</translation>
    </message>
    <message>
        <source>Kaiser</source>
        <translation>Kaiser</translation>
    </message>
    <message>
        <source>a bell as wide as its beta says</source>
        <translation>eine Glocke, so breit, wie ihr Beta sagt</translation>
    </message>
    <message>
        <source>Triangular</source>
        <translation>Dreieck</translation>
    </message>
    <message>
        <source>linear from the edge to the middle</source>
        <translation>linear vom Rand zur Mitte</translation>
    </message>
    <message>
        <source>an expression</source>
        <translation>ein Ausdruck</translation>
    </message>
    <message>
        <source>Kaiser: beta</source>
        <translation>Kaiser: Beta</translation>
    </message>
    <message>
        <source>How narrow the bell is: 0 is boxcar, about 6 is near hann, more is narrower. Used by the window kaiser.</source>
        <translation>Wie schmal die Glocke ist: 0 ist Boxcar, etwa 6 ist nahe an Hann, mehr ist schmaler. Verwendet vom Fenster kaiser.</translation>
    </message>
    <message>
        <source>Be&amp;ta</source>
        <translation>Be&amp;ta</translation>
    </message>
    <message>
        <source>What the window takes besides its kind.</source>
        <translation>Was das Fenster außer seiner Art braucht.</translation>
    </message>
    <message>
        <source>What happens at the raster&apos;s edge: {boundaries}.</source>
        <translation>Was am Rand des Rasters geschieht: {boundaries}.</translation>
    </message>
    <message>
        <source>Where the chips lie: {samplers}.</source>
        <translation>Wo die Chips liegen: {samplers}.</translation>
    </message>
    <message>
        <source>{name} has no settings that could be used: it is no result of Patchwise&apos;s sliding window.</source>
        <translation>{name} hat keine Einstellungen, die verwendet werden könnten: Es ist kein Ergebnis des gleitenden Fensters von Patchwise.</translation>
    </message>
    <message>
        <source>chips that do not fit are left out, and the rest is nodata</source>
        <translation>Chips, die nicht passen, entfallen, und der Rest ist Nodata</translation>
    </message>
    <message>
        <source>into nodata</source>
        <translation>in Nodata</translation>
    </message>
    <message>
        <source>chips reach over the edge into the mirrored raster</source>
        <translation>Chips reichen über den Rand in das gespiegelte Raster</translation>
    </message>
    <message>
        <source>chips are cut</source>
        <translation>Chips werden abgeschnitten</translation>
    </message>
    <message>
        <source>the last chip moves inward; real data, nothing uncovered</source>
        <translation>der letzte Chip rückt nach innen; echte Daten, nichts unbedeckt</translation>
    </message>
    <message>
        <source>every stride pixels</source>
        <translation>jede Schrittweite</translation>
    </message>
    <message>
        <source>the same, each moved at random</source>
        <translation>ebenso, jeder zufällig verschoben</translation>
    </message>
    <message>
        <source>random, no two closer than a distance</source>
        <translation>zufällig, keine zwei näher als ein Abstand</translation>
    </message>
    <message>
        <source>at the points of a layer</source>
        <translation>an den Punkten eines Layers</translation>
    </message>
</context>
<context>
    <name>PatchwiseProvider</name>
    <message>
        <source>Patchwise: sliding-window raster processing</source>
        <translation>Patchwise: Rasterverarbeitung mit gleitendem Fenster</translation>
    </message>
</context>
</TS>
