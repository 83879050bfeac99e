import { z } from "zod";

/** The MQTT topics of a device, and what is on them. docs/reports.md and docs/state.schema.json are about this. */

export interface Topics {
  /** `online` or `offline`, retained; the broker says `offline` by the last will. */
  readonly availability: string;
  /** The same of a process that serves this modem alone. */
  readonly availabilityOf: (modem: string) => string;
  /** Retained: how the modem stands now. */
  readonly state: (modem: string) => string;
  /** Every event of a modem, once or more, in order. */
  readonly report: (modem: string) => string;
  /** The same of a factory station's units. */
  readonly unit: (station: string) => string;
}

export function topicsOf(prefix: string, device: string): Topics {
  const base = `${prefix}/${device}`;
  return {
    availability: `${base}/availability`,
    availabilityOf: (modem) => `${base}/modems/${topicLevel(modem)}/availability`,
    state: (modem) => `${base}/modems/${topicLevel(modem)}/state`,
    report: (modem) => `${base}/modems/${topicLevel(modem)}/report`,
    unit: (station) => `${base}/stations/${topicLevel(station)}/unit`,
  };
}

/** A modem's or a station's name as one level of a topic: no `/`, `+`, `#` (MQTT 5, 4.7.1), and nothing that a shell or a URL would trip over. */
export function topicLevel(modem: string): string {
  const level = modem
    .replace(/^[/.]+/, "")
    .replace(/[^A-Za-z0-9._-]+/g, "_")
    .slice(0, 120);
  return level === "" ? "_" : level;
}

export const modemStateSchema = z.strictObject({
  schema: z.literal("esimd.state/1").describe("Name and version of this format."),
  device: z.string().describe("The device, as `outbox.device` names it."),
  modem: z.string().describe("The name under which esimd serves the modem."),
  activity: z.enum(["running", "resting", "paused"]).describe("What is done with the modem now."),
  state: z
    .string()
    .nullable()
    .describe("Of a run that goes on, its state (docs/states.md); else how the last one ended, null before the first."),
  sentence: z.string().nullable().describe("The same for people."),
  since: z.iso.datetime().describe("Since when, by the device's clock, UTC."),
  until: z.iso
    .datetime()
    .nullable()
    .describe("Of a rest: when something is done again at the latest; null when that waits for something to happen."),
  error: z.string().nullable().describe("The code of the last run's error (docs/errors.md); null when it ended well."),
  registered: z.boolean().nullable().describe("Whether the modem was registered when it was last asked."),
});

export type ModemState = z.infer<typeof modemStateSchema>;
