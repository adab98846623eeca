// A grid of AG Grid in an element: its theme in our colours, its rows by id. What is in it is its caller's.
import { loadGrid } from "./dash.js";

/**
 * AG Grid's own, which comes without types: what the page calls of it.
 * @typedef {{
 *   updateGridOptions(options: object): void, addEventListener(kind: string, listener: () => void): void,
 *   [name: string]: any,
 * }} GridApi
 */

// Colours of the stylesheet, by name: they follow light and dark by themselves.
const THEME = {
  backgroundColor: "var(--card)",
  foregroundColor: "var(--text)",
  textColor: "var(--text)",
  accentColor: "var(--accent-text)",
  borderColor: "var(--line)",
  headerBackgroundColor: "var(--card)",
  headerTextColor: "var(--text)",
  headerFontWeight: 600,
  rowHoverColor: "var(--hover)",
  selectedRowBackgroundColor: "var(--accent-soft)",
  chromeBackgroundColor: "var(--card)",
  menuBackgroundColor: "var(--card)",
  menuTextColor: "var(--text)",
  tooltipBackgroundColor: "var(--card)",
  tooltipTextColor: "var(--text)",
  inputBackgroundColor: "var(--page)",
  inputTextColor: "var(--text)",
  inputBorder: "solid 1px var(--line-strong)",
  inputPlaceholderTextColor: "var(--faint)",
  iconColor: "var(--dim)",
  browserColorScheme: "inherit",
  fontFamily: "var(--font)",
  fontSize: 13,
  headerFontSize: 12,
  rowHeight: 32,
  headerHeight: 32,
  spacing: 6,
  cellHorizontalPadding: 10,
  wrapperBorder: false,
  wrapperBorderRadius: 0,
  borderRadius: 6,
  headerRowBorder: "solid 1px var(--line-strong)",
  rowBorder: "solid 1px var(--grid)",
  columnBorder: false,
  headerColumnBorder: false,
  headerColumnResizeHandleColor: "var(--line)",
  headerColumnResizeHandleHeight: "16px",
  pinnedColumnBorder: "solid 1px var(--line)",
  checkboxUncheckedBorderColor: "var(--faint)",
  checkboxCheckedBackgroundColor: "var(--accent-text)",
  checkboxCheckedShapeColor: "var(--card)",
  checkboxBorderRadius: 3,
  focusShadow: "none",
  popupShadow: "var(--tip-shadow)",
};

// Draws a grid and gives its API (AG Grid's own) once it is there. options: AG Grid's, functions and all; a row's id is
// its `id`. Rejects with a sentence when the library could not be read.
/**
 * @param {HTMLElement} element
 * @param {Record<string, unknown>} options
 * @returns {Promise<GridApi>}
 */
export async function grid(element, options) {
  const { AgGrid, React, ReactDOM } = await loadGrid();
  // Dash's component reads functions from words, which keeps eval out; what needs one before there is an API is here.
  window.dashAgGridFunctions = { ...window.dashAgGridFunctions, everystepTheme };
  /** @type {GridApi} */
  const api = await new Promise((done) => {
    const first = {
      theme: { function: "everystepTheme(themeQuartz)" },
      animateRows: false,
      ensureDomOrder: true,
      suppressColumnMoveAnimation: true,
      suppressDragLeaveHidesColumns: true,
      suppressFieldDotNotation: true,
      // In the place of the component's own: it would keep copies of rows, filters and selection to tell Dash of, and
      // set them again as it remembers them.
      onGridReady: (/** @type {{ api: GridApi }} */ event) => done(event.api),
      ...Object.fromEntries(
        ["Selection", "Filter", "Sort", "DisplayedColumns", "GridSize"].map((what) => [`on${what}Changed`, () => {}]),
      ),
      onRowDataUpdated: () => {},
      onColumnResized: () => {},
      onCellClicked: () => {},
      onCellDoubleClicked: () => {},
    };
    const props = {
      id: "grid",
      setProps: () => {},
      columnDefs: [],
      rowData: [],
      getRowId: "params.data.id",
      style: { height: "100%" },
      dashGridOptions: first,
    };
    ReactDOM.createRoot(element).render(React.createElement(AgGrid, props));
  });
  api.updateGridOptions(options);
  const tidy = () => requestAnimationFrame(() => tidyHead(element));
  for (const kind of ["displayedColumnsChanged", "virtualColumnsChanged"]) api.addEventListener(kind, tidy);
  return api;
}

/** @param {{ withParams(values: object): object }} base */
const everystepTheme = (base) => base.withParams(THEME);

// Where no group is in view its row of the head is empty, and nothing to those who listen to the page.
/** @param {HTMLElement} element */
function tidyHead(element) {
  const rows = /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(".ag-header-row-group"));
  for (const row of rows) row.style.visibility = row.childElementCount ? "" : "hidden";
}
