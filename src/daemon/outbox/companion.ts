import type { Companion, Daemon, OpenCompanion } from "../companions.js";
import { createSinks } from "./create-sinks.js";
import { Delivery } from "./delivery.js";
import { DaemonFigures } from "./figures.js";
import { modemState } from "./modem-state.js";
import type { Outbox } from "./outbox.js";
import { outboxOf } from "./outbox-of.js";
import { configuredSinks } from "./put-report.js";
import { Textfile } from "./textfile.js";

/** What tells others of the modems: the delivery of reports, the broker's view of the modems, and the metrics. */
export const openReports: OpenCompanion = async (daemon) => {
  const figures = new DaemonFigures(daemon);
  let open = await begin(daemon, figures);
  const unsubscribe = daemon.events.subscribe((event) => {
    figures.see(event);
    if (event.kind === "report") open.delivery?.wake();
    if ("modem" in event && event.kind !== "progress") open.showModem(event.modem);
    open.textfile?.touch();
  });
  const removeRoute = daemon.routes.add("GET", "/metrics", async () => ({
    kind: "text",
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    text: await open.metrics(),
  }));
  const companion: Companion = {
    reload: async () => {
      await open.close();
      open = await begin(daemon, figures);
    },
    close: async () => {
      unsubscribe();
      removeRoute();
      await open.close();
    },
  };
  return companion;
};

interface Open {
  readonly delivery: Delivery | undefined;
  readonly textfile: Textfile | undefined;
  readonly showModem: (name: string) => void;
  readonly metrics: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** As the configuration has it now. */
async function begin(daemon: Daemon, figures: DaemonFigures): Promise<Open> {
  const { outside, clock, random, log, env, modems, only } = daemon;
  const config = daemon.config();
  let reports: { readonly outbox: Outbox; readonly delivery: Delivery } | undefined;
  let showModem: Open["showModem"] = () => undefined;
  let textfile: Textfile | undefined;
  if (configuredSinks(config).length > 0) {
    const { openTransport } = outside;
    const { sinks, mqtt } = await createSinks({
      config,
      env,
      clock,
      random,
      log,
      openTransport,
      as: only === undefined ? { kind: "daemon" } : { kind: "modem", name: only },
    });
    const outbox = outboxOf({ config, outside, clock, log });
    const { disk, processes } = outside;
    const { stateDir } = config;
    const delivery = new Delivery({
      outbox,
      sinks,
      disk,
      processes,
      clock,
      random,
      log,
      stateDir,
      onChange: () => textfile?.touch(),
    });
    reports = { outbox, delivery };
    if (mqtt !== undefined) {
      const { link, topics, device } = mqtt;
      showModem = (name) =>
        link.retain(topics.state(name), () => {
          const view = modems.list().find((one) => one.name === name);
          return view === undefined ? undefined : JSON.stringify(modemState(view, device));
        });
      for (const { name } of modems.list()) showModem(name);
    }
  }
  const metrics = (): Promise<string> => figures.text(reports);
  const path = config.metrics.textfile;
  if (path !== undefined) {
    textfile = new Textfile({ path, text: metrics, clock, log });
    textfile.touch();
  }
  return {
    delivery: reports?.delivery,
    textfile,
    showModem,
    metrics,
    close: async () => {
      await textfile?.close();
      await reports?.delivery.close();
    },
  };
}
