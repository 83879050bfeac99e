/** Prometheus' text format, version 0.0.4, without a library: a few names, no timestamps, a newline at the end. Pure. */

export interface ModemFigures {
  readonly name: string;
  /** A state of docs/states.md, `resting` or `paused` before the first run ended. */
  readonly state: string;
  readonly runs: Readonly<Record<string, number>>;
  readonly lastRunMs: number | undefined;
  readonly lastSuccessMs: number | undefined;
  readonly registered: boolean | undefined;
  /** Over the life of its eUICC, unclear ones included; undefined while no ledger says so. */
  readonly charges: number | undefined;
}

export interface SinkFigures {
  readonly name: string;
  readonly pending: number;
  readonly delivered: number;
  readonly failures: number;
  readonly dropped: number;
  readonly lastDeliveryMs: number | undefined;
}

export interface OutboxFigures {
  readonly events: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly dropped: number;
  /** Reports that could not be written down since the start. */
  readonly unwritten: number;
}

export interface Figures {
  readonly version: string;
  readonly startedAtMs: number;
  readonly modems: readonly ModemFigures[];
  /** Undefined while nobody wants reports. */
  readonly outbox: OutboxFigures | undefined;
  readonly sinks: readonly SinkFigures[];
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];
type Kind = "gauge" | "counter";

interface Family {
  readonly name: string;
  readonly kind: Kind;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** `states`: every value that `esimd_modem_state` can have, each a series of its own. */
export function metricsText(figures: Figures, states: readonly string[]): string {
  return familiesOf(figures, states)
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, kind, help, samples }) => [
      `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`,
      ...samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`),
    ])
    .join("");
}

function familiesOf(figures: Figures, states: readonly string[]): readonly Family[] {
  const { modems, sinks, outbox } = figures;
  const family = (name: string, kind: Kind, help: string, samples: readonly Sample[]): Family => ({
    name: `esimd_${name}`,
    kind,
    help,
    samples,
  });
  const perModem = (value: (modem: ModemFigures) => number | undefined): readonly Sample[] =>
    modems.flatMap((modem) => sample({ modem: modem.name }, value(modem)));
  const perSink = (value: (sink: SinkFigures) => number | undefined): readonly Sample[] =>
    sinks.flatMap((sink) => sample({ sink: sink.name }, value(sink)));
  const ofOutbox = (value: (one: OutboxFigures) => number): readonly Sample[] =>
    outbox === undefined ? [] : [[{}, value(outbox)]];
  return [
    family("info", "gauge", "Which esimd this is.", [[{ version: figures.version }, 1]]),
    family("start_time_seconds", "gauge", "When esimd was started.", [[{}, seconds(figures.startedAtMs) ?? 0]]),
    family(
      "modem_state",
      "gauge",
      "1 for the state that the modem is in, 0 for the others.",
      modems.flatMap(({ name, state }) =>
        [...new Set([...states, state])].map((one): Sample => [{ modem: name, state: one }, one === state ? 1 : 0]),
      ),
    ),
    family(
      "runs_total",
      "counter",
      "Runs that ended since esimd was started, by how.",
      modems.flatMap(({ name, runs }) =>
        Object.entries(runs).map(([result, count]): Sample => [{ modem: name, result }, count]),
      ),
    ),
    family(
      "last_run_timestamp_seconds",
      "gauge",
      "When the last run ended.",
      perModem(({ lastRunMs }) => seconds(lastRunMs)),
    ),
    family(
      "last_success_timestamp_seconds",
      "gauge",
      "When the last run ended that was provisioned.",
      perModem(({ lastSuccessMs }) => seconds(lastSuccessMs)),
    ),
    family(
      "registered",
      "gauge",
      "Whether the modem was registered when it was last asked.",
      perModem(({ registered }) => (registered === undefined ? undefined : Number(registered))),
    ),
    family(
      "charges",
      "gauge",
      "Reservations that were paid for the modem's eUICC over its life, unclear ones included.",
      perModem(({ charges }) => charges),
    ),
    family(
      "outbox_events",
      "gauge",
      "Events that wait in the outbox.",
      ofOutbox(({ events }) => events),
    ),
    family(
      "outbox_bytes",
      "gauge",
      "What they take on the disk.",
      ofOutbox(({ bytes }) => bytes),
    ),
    family(
      "outbox_max_bytes",
      "gauge",
      "What they may take at most.",
      ofOutbox(({ maxBytes }) => maxBytes),
    ),
    family(
      "outbox_dropped_total",
      "counter",
      "Events that were dropped because the outbox was full, over its life.",
      ofOutbox(({ dropped }) => dropped),
    ),
    family(
      "outbox_unwritten_total",
      "counter",
      "Reports that could not be written into the outbox since esimd was started.",
      ofOutbox(({ unwritten }) => unwritten),
    ),
    family(
      "sink_pending",
      "gauge",
      "Events that the sink has not taken yet.",
      perSink(({ pending }) => pending),
    ),
    family(
      "sink_delivered_total",
      "counter",
      "Events that the sink took since esimd was started.",
      perSink(({ delivered }) => delivered),
    ),
    family(
      "sink_failures_total",
      "counter",
      "Tries that failed since esimd was started.",
      perSink(({ failures }) => failures),
    ),
    family(
      "sink_dropped_total",
      "counter",
      "Events that never reached the sink, over the life of the outbox.",
      perSink(({ dropped }) => dropped),
    ),
    family(
      "sink_last_delivery_timestamp_seconds",
      "gauge",
      "When the sink last took an event.",
      perSink(({ lastDeliveryMs }) => seconds(lastDeliveryMs)),
    ),
  ];
}

function sample(labels: Labels, value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [[labels, value]];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** As the format wants it: backslash, quote, newline. */
function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
