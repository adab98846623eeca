// What is kept by name at the top of the logdir: views and expressions.
import * as api from "../../core/api.js";
import { say, trying } from "../../ui/menu.js";

/** All of it, or nothing where the server does not answer; of what cannot be read it is said why. */
export async function openShelf() {
  const shelf = await trying(() => api.json("shelf"));
  if (shelf?.trouble) say(shelf.trouble);
  return shelf;
}
