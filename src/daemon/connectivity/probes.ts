import type { Clock } from "../../base/clock.js";
import type { Log } from "../../base/logging.js";
import type { ServiceProbe } from "../../provision/service-probe.js";
import type { Config } from "../config/config.js";
import { hookProbe } from "./hook-probe.js";
import { urlProbe } from "./url-probe.js";

/** The host's own checks of service, as they are configured; none without a check at all. */
export function probesOf(config: Config, parts: { readonly clock: Clock; readonly log: Log }): readonly ServiceProbe[] {
  const { check, url, hook } = config.connectivity;
  if (check === "none") return [];
  return [
    ...(url === undefined ? [] : [urlProbe({ ...parts, ...url })]),
    ...(hook === undefined ? [] : [hookProbe({ ...parts, ...hook })]),
  ];
}
