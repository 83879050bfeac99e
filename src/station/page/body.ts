import type { IncomingMessage } from "node:http";
import type { Clock } from "../../base/clock.js";
import { readJsonBody } from "../../daemon/control/json-body.js";
import { bounds } from "./bounds.js";
import { PageRefusal } from "./reply.js";

/** The request's body as JSON; an empty object when there is none. @throws EsimdError. */
export function readBody(request: IncomingMessage, clock: Clock): Promise<unknown> {
  return readJsonBody(request, clock, {
    ...bounds,
    page: "station-page.md",
    refusal: (status, message, options) => new PageRefusal(status, message, options),
  });
}
