// Before the first paint: the theme that was chosen, else the system's.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("everystep.theme");
  } catch {
    /* storage may be closed to us */
  }
  if (theme !== "light" && theme !== "dark") {
    theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  document.documentElement.dataset.theme = theme;
})();
