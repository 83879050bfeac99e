import { drawing } from "./dom.js";
import type { IconName } from "./words.js";

/** One stroke each, to be told apart at a distance and without colour. */
const paths: Readonly<Record<IconName, string>> = {
  check: "M4 13l5 5L20 6",
  cross: "M5 5l14 14M19 5L5 19",
  spin: "M12 3a9 9 0 1 0 9 9M12 3l4-1M12 3l3 3",
  scan: "M4 5v14M8 5v14M11 5v14M15 5v14M17 5v14M20 5v14",
  plug: "M12 3v12M7 10l5 5 5-5M4 20h16",
  dash: "M5 12h14",
  ring: "M12 5a7 7 0 1 0 .01 0z",
};

export function icon(): { readonly node: SVGElement; readonly show: (name: IconName) => void } {
  const path = drawing("path", { fill: "none", stroke: "currentColor", "stroke-linecap": "round" });
  const node = drawing("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" }, [path]);
  let shown: IconName | undefined;
  return {
    node,
    show: (name) => {
      if (name === shown) return;
      shown = name;
      path.setAttribute("d", paths[name]);
      path.setAttribute("stroke-width", name === "scan" ? "1.6" : "4");
    },
  };
}
