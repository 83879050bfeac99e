import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { topicLevel } from "../../report/topics.js";

/**
 * How the device is called where nobody named it. The machine id itself is not for others to see (machine-id(5)): what is shown is made
 * from it for esimd alone. Without one, the host name.
 */
export function deviceName(configured: string | undefined, path = "/etc/machine-id"): string {
  if (configured !== undefined) return configured;
  const id = machineId(path);
  if (id === undefined) return topicLevel(hostname()).slice(0, 64);
  return createHmac("sha256", Buffer.from(id, "hex")).update("esimd device").digest("hex").slice(0, 16);
}

function machineId(path: string): string | undefined {
  try {
    const id = readFileSync(path, "utf8").trim();
    return /^[0-9a-f]{32}$/.test(id) ? id : undefined;
  } catch {
    // None, as in some containers; or "uninitialized", as on a first boot.
    return undefined;
  }
}
