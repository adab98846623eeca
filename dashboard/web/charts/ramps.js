// Colour maps: from little to much.
import { isDark } from "./palette.js";

// From little to much; in the dark from dark to light, so that much always stands out from the page.
const light = ["#eef5ee", "#bfe3cb", "#7cc7b4", "#3f9fa6", "#2d6f95", "#3d4281"];
const dark = ["#1d2a33", "#1f4757", "#23707a", "#3a9c8b", "#7cc48a", "#d6e58a"];
export const ramp = () => (isDark() ? dark : light);
