import { z } from "zod";
import { durationForm } from "./duration.js";
import { absolutePath, duration, keyDocs } from "./schema-kinds.js";

/** The table `[hook]`. */
export const hook = z.strictObject({
  command: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path",
    meaning:
      "A program that is run for each report, without a shell and without arguments; the event is on its stdin, and exit status 0 says that it has it. Without it there is no hook.",
  }),
  timeout: duration(1000)
    .prefault("30s")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 1s`,
      meaning: "How long it may take; then it is killed, with what it started, and run again later.",
    }),
});
