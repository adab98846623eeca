// What the page of paths is made of before anything is in it. Constant text of ours: names are only ever set as text.

export const FRAME =
  '<div class="paths"><div class="paths-tools"><div class="paths-names" role="radiogroup" aria-label="Surface"></div>' +
  '<label class="paths-choice paths-of">Run <select></select></label>' +
  '<label class="paths-choice paths-heights">Heights <select><option value="">automatic</option>' +
  '<option value="even">evened out</option>' +
  '<option value="linear">linear</option><option value="log">logarithmic</option></select></label>' +
  '<div class="paths-transport"><button class="icon-button paths-play" title="Play (space)">' +
  '<svg viewBox="0 0 20 20" aria-hidden="true"><path class="play" d="M6.5 4.2v11.6L15.5 10z"/>' +
  '<path class="pause" d="M7 4.5v11M13 4.5v11"/></svg></button>' +
  '<input type="range" min="0" step="1" aria-label="Step"><output></output>' +
  '<select aria-label="Speed" title="Speed"></select></div></div><div class="paths-views">' +
  '<article class="panel paths-plane"><div class="card-head"><h3 class="card-title"><span class="last"></span></h3>' +
  '<span class="paths-formula"></span></div><div class="paths-progress"><i></i></div>' +
  '<canvas class="paths-contour" tabindex="0" role="img"></canvas></article>' +
  '<article class="panel paths-plane"><div class="card-head">' +
  '<h3 class="card-title"><span class="last">On the surface</span></h3>' +
  '<span class="paths-formula">drag to turn · double click to reset</span></div>' +
  '<canvas class="paths-3d" tabindex="0" role="img"></canvas></article>' +
  '<article class="panel paths-slice" hidden><div class="card-head">' +
  '<h3 class="card-title"><span class="last"></span></h3>' +
  '<span class="paths-formula"></span></div><div class="paths-progress"><i></i></div>' +
  '<canvas tabindex="0" role="img"></canvas></article></div><article class="panel paths-standing"><table>' +
  "<thead><tr><th>Run</th><th>x</th><th>y</th><th>value</th><th>steps</th></tr></thead>" +
  "<tbody></tbody></table></article></div>";
