import { parsePortAddress } from "./address.js";
import type { ClaimParts } from "./exclusive/claim.js";
import type { OpenPort } from "./port.js";

/** Opens what `--port` names, a tty for ourselves alone. serialport is loaded only when a tty is asked for. */
export function portOpener(parts: ClaimParts): OpenPort {
  return async (text, signal) => {
    const address = parsePortAddress(text);
    if (address.kind === "tty") {
      const { openTty } = await import("./tty.js");
      return openTty(address.path, parts, signal);
    }
    const { openSocket } = await import("./socket.js");
    return openSocket(text, address, signal);
  };
}

/** On this host as it is, without a log. */
export const openPort: OpenPort = portOpener({});
