import { z } from "zod";
import { keyDocs, text, wholeNumber } from "./schema-kinds.js";

/** The longest path that a Unix socket can be bound to (unix(7): sun_path has 108 bytes, the last of them NUL). */
const maxSocketPathBytes = 107;

/** The table `[daemon]`. */
export const daemon = z.strictObject({
  concurrency: wholeNumber(1, 64).prefault(8).register(keyDocs, {
    allowed: "a whole number from 1 to 64",
    meaning: "How many modems the daemon provisions at once; the others wait for their turn.",
  }),
  socket: text
    .refine((path) => path === "none" || (path.startsWith("/") && Buffer.byteLength(path) <= maxSocketPathBytes))
    .optional()
    .register(keyDocs, {
      allowed: `"none" or an absolute path of at most ${maxSocketPathBytes} bytes`,
      meaning:
        "The daemon's [control socket](control-socket.md), which `esimd status`, `watch` and `ctl` ask. `none`: there is none.",
      env: "ESIMD_SOCKET",
      defaultText: "`/run/esimd/esimd.sock`; under systemd `esimd.sock` in the unit's runtime folder",
    }),
});
