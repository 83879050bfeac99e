import { parsePortAddress } from "./address.js";
import type { OpenPort } from "./port.js";

/** Opens what `--port` names. serialport is loaded only when a tty is asked for. */
export const openPort: OpenPort = async (text, signal) => {
  const address = parsePortAddress(text);
  if (address.kind === "tty") {
    const { openTty } = await import("./tty.js");
    return openTty(address.path);
  }
  const { openSocket } = await import("./socket.js");
  return openSocket(text, address, signal);
};
