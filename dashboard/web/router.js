// Which page is shown: mounts the one that is asked for in a scope of its own, which ends when another is turned to.
import * as runs from "./core/runs.js";
import * as state from "./core/state.js";
import { hideTip } from "./charts/tooltip.js";
import { close } from "./ui/menu.js";

/**
 * What mount() gives: isReady() says whether all that is in sight was drawn, the rest is for automation.
 * @typedef {{ isReady(): boolean, drawn?(...values: any[]): any, turn?(by: number): any, [more: string]: any }} Mounted
 */

/**
 * A page's module. kept: what it leaves to its next visit, as long as the document lives.
 * @typedef {{
 *   mount(view: HTMLElement, scope: import("./core/scope.js").Scope, kept: Map<string, any>): Mounted,
 * }} PageModule
 */

/**
 * kinds: of what some run has logged when there is a tab; isFor: which tags count; is: or something else that says so;
 * waiting: what waits there for the user, in words; isApart: the server gives this page a document of its own, which
 * may do what the others may not.
 * @typedef {{
 *   title: string, load(): Promise<PageModule>, kinds: string[], isFor?(tag: string): boolean, is?(): boolean,
 *   waiting?(): string, isApart?: boolean,
 * }} Entry
 */

const MANY = 10000; // runs from which on the tabs are seen to in a task of their own
const FIRST = "curves"; // the page that waits for the first run, and that a wrong address leads to

export class Router {
  /**
   * @param {Record<string, Entry>} pages
   * @param {HTMLElement} view
   * @param {HTMLElement} tabs
   * @param {import("./core/scope.js").Scope} scope
   */
  constructor(pages, view, tabs, scope) {
    this.pages = pages;
    this.view = view;
    this.tabs = tabs;
    this.scope = scope;
    /** @type {{ name: string, scope: import("./core/scope.js").Scope, page: Mounted | null } | null} */
    this.mounted = null;
    /** @type {Map<string, Map<string, any>>} */
    this.kept = new Map();
    this.isApart = this.#isApart(this.wanted); // what the document was made for
    for (const [name, { title }] of Object.entries(pages)) {
      const link = tabs.appendChild(document.createElement("a"));
      link.textContent = title;
      link.href = `?p=${name}`;
      link.dataset.page = name;
      link.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        state.set("page", name);
      });
    }
    scope.on(tabs, "scroll", () => this.showMore());
    scope.observer(new ResizeObserver(() => this.showMore())).observe(tabs);
    scope.on(state, "page", () => this.show());
    let waiting = 0;
    scope.on(runs, runs.CHANGES, () => {
      scope.clearTimeout(waiting);
      if (runs.names().length < MANY) this.showTabs();
      else waiting = scope.setTimeout(() => this.showTabs());
    });
  }

  /** The name of the page that is asked for. */
  get wanted() {
    return this.pages[state.get("page")] ? state.get("page") : FIRST;
  }

  /** @param {string} name */
  #isApart(name) {
    return Boolean(this.pages[name].isApart);
  }

  // Asks the server for the document of what is wanted now, once the address says what that is.
  #load() {
    this.scope.requestAnimationFrame(() => this.scope.requestAnimationFrame(() => location.reload()));
  }

  /** What is mounted, when it is the page of a name, or of any. */
  page(name = this.mounted?.name) {
    return this.mounted && this.mounted.name === name ? this.mounted.page : null;
  }

  /** Whether what is asked for is mounted, and drawn: until it has come, the page before it is still there. */
  isReady() {
    return this.mounted?.name === this.wanted && Boolean(this.mounted.page?.isReady());
  }

  /** A tab is there when some run has such data; that of curves always, for the page that waits. */
  showTabs() {
    for (const link of /** @type {Iterable<HTMLElement>} */ (/** @type {any} */ (this.tabs.children))) {
      const page = link.dataset.page ?? "";
      const { kinds, isFor = () => true, is } = this.pages[page];
      const any = is?.() || kinds.some((kind) => runs.tags(kind).some(isFor));
      const waiting = this.pages[page].waiting?.() ?? "";
      link.toggleAttribute("data-waiting", waiting !== "");
      link.title = waiting;
      link.hidden = page !== FIRST && !any && state.get("page") !== page;
      if (state.get("page") === page) {
        link.setAttribute("aria-current", "page");
        link.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else link.removeAttribute("aria-current");
    }
    this.showMore();
  }

  /** At which end of the tabs others follow, which fades there. */
  showMore() {
    const { scrollLeft, scrollWidth, clientWidth } = this.tabs;
    const ends = [scrollLeft > 1 && "before", scrollLeft + clientWidth < scrollWidth - 1 && "after"];
    this.tabs.dataset.more = ends.filter(Boolean).join(" ");
  }

  /** Shows the page that is asked for, once its module has come; nothing when another was asked for meanwhile. */
  async show() {
    const name = this.wanted;
    this.showTabs();
    if (this.#isApart(name) !== this.isApart) {
      this.#load();
      return;
    }
    document.title = `${this.pages[name].title} · everystep`;
    document.body.dataset.page = name;
    const { mount } = await this.pages[name].load();
    if (this.mounted?.name === name || this.wanted !== name || this.scope.isOver) return;
    this.leave();
    this.view.scrollTop = 0;
    const scope = this.scope.child();
    this.mounted = { name, scope, page: null };
    const kept = this.kept.get(name) ?? new Map();
    this.kept.set(name, kept);
    this.mounted.page = mount(this.view, scope, kept);
  }

  /** Undoes all that the page that is shown has made of the world. */
  leave() {
    this.mounted?.scope.leave();
    this.mounted = null;
    close();
    hideTip();
    delete this.view.dataset.layout;
    this.view.replaceChildren();
  }
}
