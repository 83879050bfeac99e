import type { ErrorEntry } from "./entry.js";

/** Labels, and the program that prints them. */
export const labelErrors = {
  label_template_invalid: {
    sentence: "A label's template cannot be used.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Correct the named line of the template; docs/labels.md shows the form.",
  },
  label_unfit: {
    sentence:
      "A label cannot be made of these data by this template: something is missing, too long, or not to be printed.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Correct the named value, or make room for it in the template; docs/labels.md shows how.",
  },
  label_unwritten: {
    sentence: "A label's file cannot be written.",
    actor: "operator",
    retry: "never",
    exit: 74,
    next: "Name a file that is not there yet, in a folder that may be written and has room.",
  },
  label_unprinted: {
    sentence: "The program that prints labels failed.",
    actor: "operator",
    retry: "later",
    exit: 74,
    next: "Look at the printer and at what the program says, then print that label again.",
  },
} as const satisfies Record<string, ErrorEntry>;
