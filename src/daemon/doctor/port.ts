import { stat } from "node:fs/promises";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { parsePortAddress } from "../../serial/address.js";
import { autoPort, choosePort } from "../../serial/ports/choose.js";
import { discoverPorts } from "../../serial/ports/discover.js";
import { describePort, type FoundPort, modemsOf } from "../../serial/ports/found-port.js";
import { type Check, type Examination, found, type Outcome, skipped, well } from "./check.js";

export const port: Check = {
  name: "port",
  asks: "Is there a port to work with: the one that is named, or the one that `auto` means?",
  knows:
    "Names, and what sysfs says of the ports of this host and what each is for; no port is opened for it. A socket's other end shows only when it is opened.",
  codes: ["port_missing", "port_ambiguous", "port_forbidden", "config_invalid", "bad_input"],
  needs: [],
  after: ["configuration"],
  timeoutMs: 60_000,
  run: async (examination): Promise<Outcome> => {
    const { surroundings, facts } = examination;
    const { port: named } = surroundings.config.modem;
    if (named === undefined && surroundings.problems.length > 0) {
      return skipped("the configuration cannot be used, and no --port is given");
    }
    const ports = await discoverPorts(surroundings.host);
    facts.ports = ports;
    if (named === undefined) return notNamed(ports);
    facts.port = named === autoPort ? nameOf(choosePort(ports)) : named;
    const address = parsePortAddress(facts.port);
    if (address.kind === "tty") await requireDevice(address.path, examination);
    return well();
  },
};

function nameOf(chosen: FoundPort): string {
  return chosen.stableName ?? chosen.path;
}

/** The service takes no port unasked; what it could be told is said. */
function notNamed(ports: readonly FoundPort[]): Outcome {
  const message = "modem.port is not set and no --port is given, so there is no modem to work with";
  let hint: string;
  try {
    hint = `Set modem.port to auto, or to ${nameOf(choosePort(ports))}, which is what auto means now.`;
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    hint = `Set modem.port to the modem's AT port.${describeFound(ports)}`;
  }
  return found(new EsimdError("config_invalid", message, { hint }));
}

async function requireDevice(path: string, { facts }: Examination): Promise<void> {
  const kind = await stat(path).then(
    (entry) => (entry.isCharacterDevice() ? "device" : "other"),
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : "unknown"),
  );
  if (kind === "device") return;
  if (kind === "EACCES") throw new EsimdError("port_forbidden", `${path} cannot be looked at: permission denied`);
  const message = kind === "other" ? `${path} is not a serial port` : `there is no port ${path}`;
  throw withPortsFound(new EsimdError("port_missing", message), facts.ports);
}

/** The same error, whose next step says which ports there are and what they are. */
export function withPortsFound(error: EsimdError, ports: readonly FoundPort[] | undefined): EsimdError {
  return new EsimdError(error.code, error.message, {
    cause: error,
    hint: `${error.hint}${describeFound(ports ?? [])}`,
  });
}

/** What a sentence can hold. */
const mostPorts = 8;

function describeFound(ports: readonly FoundPort[]): string {
  const modemPorts = modemsOf(ports).flatMap((modem) => [...modem.atPorts, ...modem.ports]);
  const listed = [...new Set([...modemPorts, ...ports])];
  if (listed.length === 0)
    return " This host shows no serial port: look with lsusb and dmesg whether it sees the modem.";
  const more = listed.length > mostPorts ? `; and ${listed.length - mostPorts} more` : "";
  return ` Ports of this host: ${listed.slice(0, mostPorts).map(describePort).join("; ")}${more}.`;
}
