// Start every section that has data.

import { startCompare } from "./compare.js";
import { inert } from "./corrections.js";
import { detectorCurve } from "./curve.js";
import { startExplorer } from "./explorer.js";
import { gallery } from "./images.js";
import { startMap } from "./map.js";
import { startMatrix } from "./matrix.js";
import { startNarrow } from "./narrow.js";
import { startReject } from "./reject.js";
import { report } from "./report.js";
import { betaShare, clopperPearson } from "./stats.js";
import { startTables } from "./steps.js";
import { startSuspects } from "./suspects.js";
import { percent, scoreText } from "./words.js";

startTables();
startNarrow();
if (report.matrix) startMatrix(report.matrix);
if (report.explorer) startExplorer(report.explorer);
if (report.compare && report.explorer) startCompare(report.compare, report.explorer);
if (report.map && gallery) startMap(report.map);
if (report.rejection) startReject(report.rejection);
if (report.suspects) startSuspects(report.suspects, report.suspects_csv);

/** For whoever looks around in the console. */
globalThis.misread = { report, betaShare, clopperPearson, detectorCurve, inert, percent, scoreText };
document.documentElement.dataset.ready = "yes";
