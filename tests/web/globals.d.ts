// What other packages put on the window, as far as the page asks it of them: they bring no types.

interface Window {
  // Dash's renderer, and its components
  dash_clientside: {
    no_update: unknown;
    set_props(id: string, props: object): void;
    everystep?: object;
  };
  DashRenderer: new () => unknown;
  dash_ag_grid: { AgGrid: unknown };
  dashAgGridFunctions?: object;
  React: { createElement(component: unknown, props: object): unknown };
  ReactDOM: { createRoot(element: Element): { render(made: unknown): void } };
}

interface Window {
  // What a report tells of its charts, by their numbers.
  report: {
    range(i: number): { x: number[] | null; y: number[] | null };
    dashes(i: number): number[][] | undefined;
    lines(i: number): string[] | undefined;
    layers(i: number): [text: string, lines: number][] | undefined;
  };
}

interface Window {
  // What a model card answers.
  card: {
    answer(): import("../../dashboard/web/pages/try/askers.js").Answer | null;
    ask(
      inputs: import("../../dashboard/web/pages/try/askers.js").Inputs,
    ): Promise<import("../../dashboard/web/pages/try/askers.js").Answer>;
  };
}
