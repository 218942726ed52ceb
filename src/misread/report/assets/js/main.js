// Start every section that has data.
"use strict";
{
  const { data } = misread;
  misread.startTables();
  if (data.matrix) misread.startMatrix(data.matrix);
  if (data.explorer) misread.startExplorer(data.explorer);
  if (data.compare && data.explorer) misread.startCompare(data.compare, data.explorer);
  if (data.rejection) misread.startReject(data.rejection);
  if (data.suspects) misread.startSuspects(data.suspects, data.suspects_csv);
  if (data.ladder) misread.startLadder(data.ladder);
  if (data.duels) misread.startDuels(data.duels);
  if (data.denoising) misread.startDenoising(data.denoising);
  document.documentElement.dataset.ready = "yes";
}
