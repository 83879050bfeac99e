import { z } from "zod";
import { eventSchema } from "../../src/report/event.js";
import { modemStateSchema } from "../../src/report/topics.js";

/** docs/event.schema.json: a report on its way. */
export function eventJsonSchema(): string {
  return published("event-1", "esimd.event/1", eventSchema);
}

/** docs/state.schema.json: the retained state of a modem. */
export function stateJsonSchema(): string {
  return published("state-1", "esimd.state/1", modemStateSchema);
}

function published(name: string, title: string, type: z.ZodType): string {
  const schema = z.toJSONSchema(type, { target: "draft-2020-12" });
  return `${JSON.stringify({ $id: `https://esimd.invalid/${name}.schema.json`, title, ...schema }, null, 2)}\n`;
}
