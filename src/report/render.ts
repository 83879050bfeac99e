import type { Report } from "./schema.js";

const headlines: Readonly<Record<Report["state"], string>> = {
  provisioned: "provisioned",
  failed: "failed",
  held: "held: a person must decide",
};

/** The report for people: a line a fact, nothing masked, since it is the result. Pure. */
export function renderReport(report: Report): string {
  const { modem, esimProfile, sim, network, connectivity, error } = report;
  const modemName = [modem.vendor, modem.model].filter((part) => part !== null).join(" ");
  const headline = report.state === "provisioned" && !report.changed ? "provisioned already" : headlines[report.state];
  const rows: [string, string | undefined][] = [
    ["state", headline],
    ["EID", report.eid ?? undefined],
    ["ICCID", report.iccid ?? undefined],
    [
      "modem",
      `${modemName === "" ? "unknown" : modemName} on ${modem.port}${modem.dialect === null ? "" : ` (${modem.dialect})`}`,
    ],
    ["reservation", esimProfile ? `${esimProfile.sid}, ${esimProfile.status}, by ${esimProfile.method}` : undefined],
    ["Sim", sim === null ? undefined : `${sim.sid}, ${sim.status}${sim.fleet === null ? "" : `, Fleet ${sim.fleet}`}`],
    ["network", network === null ? undefined : describeNetwork(network)],
    ["service", connectivity === undefined ? undefined : describeService(connectivity)],
    ["took", `${((report.timings["total"] ?? 0) / 1000).toFixed(1)} s`],
    ["error", error === null ? undefined : `${error.message} (${error.code})`],
    ["who acts", error === null ? undefined : error.actor],
    ["next", error === null ? undefined : error.hint],
  ];
  return rows
    .filter((row): row is [string, string] => row[1] !== undefined)
    .map(([name, value]) => `${name.padEnd(12)} ${value}\n`)
    .join("");
}

function describeNetwork(network: NonNullable<Report["network"]>): string {
  if (!network.registered) return `not registered (${network.state})`;
  return network.operator === null
    ? `registered (${network.state})`
    : `registered (${network.state}) on ${network.operator}`;
}

function describeService({ up, why, fallbackIccid }: NonNullable<Report["connectivity"]>): string {
  const said = [up === true ? "yes" : up === false ? "none" : "not known", ...(why === null ? [] : [why])].join(": ");
  return fallbackIccid === null ? said : `${said}; back on ${fallbackIccid}`;
}
