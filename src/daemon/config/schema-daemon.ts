import { z } from "zod";
import { keyDocs, wholeNumber } from "./schema-kinds.js";

/** The table `[daemon]`. */
export const daemon = z.strictObject({
  concurrency: wholeNumber(1, 64).prefault(8).register(keyDocs, {
    allowed: "a whole number from 1 to 64",
    meaning: "How many modems the daemon provisions at once; the others wait for their turn.",
  }),
});
