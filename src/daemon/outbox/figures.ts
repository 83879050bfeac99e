import { parseEid } from "../../base/identifiers.js";
import { version } from "../../base/version.js";
import { budgetOf } from "../../provision/budget.js";
import { foldLedger } from "../../provision/ledger.js";
import { stateNames } from "../../provision/states.js";
import type { Figures, ModemFigures, OutboxFigures, SinkFigures } from "../../report/metrics.js";
import { metricsText } from "../../report/metrics.js";
import { reportSchema } from "../../report/schema.js";
import type { Daemon } from "../companions.js";
import type { DaemonEvent } from "../events.js";
import type { ModemView } from "../modems.js";
import { recordsOf } from "../reservations/files.js";
import type { Delivery } from "./delivery.js";
import type { Outbox } from "./outbox.js";
import { unwrittenReports } from "./put-report.js";

/** What the daemon can count of itself, asked when somebody wants it: nothing is gathered while nobody does, but how runs ended. */
export class DaemonFigures {
  readonly #daemon: Pick<Daemon, "config" | "clock" | "modems" | "outside">;
  readonly #startedAtMs: number;
  readonly #runs = new Map<string, { runs: Record<string, number>; lastSuccessMs: number | undefined }>();

  constructor(daemon: Pick<Daemon, "config" | "clock" | "modems" | "outside">) {
    this.#daemon = daemon;
    this.#startedAtMs = daemon.clock.nowMs();
  }

  see(event: DaemonEvent): void {
    if (event.kind !== "report") return;
    const known = this.#runs.get(event.modem) ?? { runs: {}, lastSuccessMs: undefined };
    const { state, finishedAt } = event.report;
    known.runs[state] = (known.runs[state] ?? 0) + 1;
    if (state === "provisioned") known.lastSuccessMs = Date.parse(finishedAt);
    this.#runs.set(event.modem, known);
  }

  /** Prometheus' text. @throws EsimdError where the outbox cannot be read. */
  async text(reports: { readonly outbox: Outbox; readonly delivery: Delivery } | undefined): Promise<string> {
    return metricsText(await this.#figures(reports), [...stateNames, "resting", "paused"]);
  }

  async #figures(reports: { readonly outbox: Outbox; readonly delivery: Delivery } | undefined): Promise<Figures> {
    const modems: ModemFigures[] = [];
    for (const view of this.#daemon.modems.list()) modems.push(await this.#modem(view));
    return {
      version: version(),
      startedAtMs: this.#startedAtMs,
      modems,
      outbox: reports && (await this.#outbox(reports.outbox)),
      sinks: reports === undefined ? [] : await sinkFigures(reports.outbox, reports.delivery),
    };
  }

  async #modem({ name, activity, report }: ModemView): Promise<ModemFigures> {
    const counted = this.#runs.get(name);
    const none = Object.fromEntries(reportSchema.shape.state.options.map((state) => [state, 0]));
    return {
      name,
      state:
        activity.kind === "running"
          ? activity.state
          : activity.kind === "paused"
            ? "paused"
            : (report?.state ?? "resting"),
      runs: { ...none, ...counted?.runs },
      lastRunMs: report === undefined ? undefined : Date.parse(report.finishedAt),
      lastSuccessMs: counted?.lastSuccessMs,
      registered: report?.network?.registered,
      charges: report === undefined || report.eid === null ? undefined : await this.#charges(report.eid),
    };
  }

  async #charges(eid: string): Promise<number | undefined> {
    const { config, outside } = this.#daemon;
    const { stateDir, reservation } = config();
    const { entries } = await recordsOf(stateDir, parseEid(eid, "a report"), outside.disk);
    return entries === undefined ? undefined : budgetOf(foldLedger(entries), [], reservation).spent;
  }

  async #outbox(outbox: Outbox): Promise<OutboxFigures> {
    const { config, outside } = this.#daemon;
    return { ...(await outbox.size()), maxBytes: config().outbox.maxBytes, unwritten: unwrittenReports(outside) };
  }
}

async function sinkFigures(outbox: Outbox, delivery: Delivery): Promise<readonly SinkFigures[]> {
  const waiting = await outbox.waiting();
  return delivery.couriers.map(({ figures: { number, ...rest } }) => ({
    ...rest,
    pending: waiting.filter((one) => one > number).length,
  }));
}
