import { z } from "zod";
import { absolutePath, keyDocs } from "./schema-kinds.js";

/** The table `[metrics]`. */
export const metrics = z.strictObject({
  textfile: absolutePath
    .regex(/\.prom$/)
    .optional()
    .register(keyDocs, {
      allowed: "an absolute path that ends in .prom",
      meaning:
        "Prometheus' text for the textfile collector of a node exporter, written when something changed. Without it there is no file; the control socket has the same.",
    }),
});
