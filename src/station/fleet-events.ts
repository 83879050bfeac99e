import type { Random } from "../base/random.js";
import { createSinks } from "../daemon/outbox/create-sinks.js";
import { Delivery } from "../daemon/outbox/delivery.js";
import { outboxOf } from "../daemon/outbox/outbox-of.js";
import { configuredSinks, type ReportPlace } from "../daemon/outbox/put-report.js";
import type { Outside } from "../daemon/outside.js";
import { UnitEvents } from "./events.js";
import type { Entry } from "./records/entry.js";

/** What the station records goes to the fleet while it works, where the configuration has a place for it. */

export interface FleetEvents {
  tell(entry: Entry): Promise<void>;
  close(): Promise<void>;
}

export async function openFleetEvents(
  parts: ReportPlace & {
    readonly outside: Outside;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly random: Random;
  },
  record: { readonly folder: string; readonly station: string; readonly entries: readonly Entry[] },
): Promise<FleetEvents | undefined> {
  const { config, outside, clock, random, log } = parts;
  if (configuredSinks(config).length === 0) return undefined;
  const { disk, processes, openTransport } = outside;
  const { sinks } = await createSinks({ ...parts, openTransport, as: { kind: "command" } });
  const outbox = outboxOf(parts);
  const { stateDir } = config;
  const delivery = new Delivery({ outbox, sinks, disk, processes, clock, random, log, stateDir });
  const events = await UnitEvents.open(parts, record.folder, record.station, record.entries);
  delivery.wake();
  return {
    tell: async (entry) => {
      await events.put(entry);
      delivery.wake();
    },
    close: () => delivery.close(),
  };
}
