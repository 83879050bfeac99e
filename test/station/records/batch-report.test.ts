import { describe, expect, it } from "vitest";
import { defaultColumns } from "../../../src/station/records/columns.js";
import { plainCsv } from "../../../src/station/records/csv.js";
import type { Entry } from "../../../src/station/records/entry.js";
import { exportText } from "../../../src/station/records/export.js";
import { quantile } from "../../../src/station/records/summary.js";
import { at, batch, begun, eidOf, ended, failed, identified, passed, runId, voided } from "./entries.js";

const hostile = `<script>alert("x")</script>&'`;

function reportOf(entries: readonly Entry[], format: "report" | "text"): Promise<string> {
  const plain = { everyRun: false, csv: plainCsv, columns: defaultColumns, sheet: null };
  return exportText({ entries: () => entries }, { ...plain, format, batch: "B1" });
}

/** Ten units that took 10 to 100 s, one of them at its second run, and two that a person must look at. */
const shift: readonly Entry[] = [
  batch({ budget: 12, sheet: { file: `/sheets/${hostile}.csv`, units: 20 }, version: "0.1.0" }),
  ...Array.from({ length: 10 }, (_none, index) => passed(index + 1, { seconds: 10 * (index + 1) })).flat(),
  failed(1, "modem_silent", { run: runId(100), at: at(10) }),
  begun(1, { run: runId(101) }),
  ended(1, { run: runId(101), at: at(3600), seconds: 10, again: true }),
  begun(20, { operator: hostile }),
  identified(20),
  failed(20, "reservation_unclear", { state: "held", sid: null, charges: 1 }),
  failed(21, "eid_unknown_code", { model: hostile }),
  ...passed(22),
  voided(22, { why: hostile }),
];

describe("a batch's report", () => {
  it("needs nothing but itself: no request, no script", async () => {
    const html = await reportOf(shift, "report");
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|\bhref=|url\((?!#hatch\))|@import|https?:/i);
    expect(html).toContain("@page { size: A4;");
    expect(html.trimEnd()).toMatch(/<\/html>$/);
  });

  it("shows what came from scanners, modems and people as text", async () => {
    const html = await reportOf(shift, "report");
    expect(html).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;");
    expect(balanced(html)).toBe(true);
    const text = await reportOf([...shift, voided(21, { why: "a\u001b[2J\u0007b", eid: null })], "text");
    expect(text).toContain("taken back: a?[2J?b");
  });

  it.each(["report", "text"] as const)("says how it went (%s)", async (format) => {
    const words = plain(await reportOf(shift, format));
    for (const figure of [
      "Units 12",
      "PASS 10",
      "FAIL 2",
      "Yield 83.3 %",
      "First-pass yield 83.3 %",
      "Median cycle 50.0 s",
      "90 % within 90.0 s",
      "Longest cycle 100.0 s",
      "Charges 12 of 12",
      "Charges for each PASS 1.20",
      "Taken back 1",
      "Units on the sheet 20",
      "Station line-1",
      "esimd 0.1.0",
    ]) {
      expect(words).toContain(figure);
    }
  });

  it.each(["report", "text"] as const)("says of each failure what it is and who must act (%s)", async (format) => {
    const words = plain(await reportOf(shift, format));
    expect(words).toMatch(/reservation_unclear.*1.*1.*operator/);
    expect(words).toMatch(/eid_unknown_code.*An error that this version does not know\./);
    // All its units passed later.
    expect(words).toMatch(/modem_silent\W+0/);
  });

  it.each(["report", "text"] as const)("says of each held unit which command decides it (%s)", async (format) => {
    const words = plain(await reportOf(shift, format));
    expect(words).toContain("Held: a person must decide");
    expect(words).toContain(`esimd reservation list --eid ${eidOf(20)}`);
    expect(words).toContain(`esimd reservation adopt SID --eid ${eidOf(20)}`);
    expect(words).toContain(`esimd reservation release ID --eid ${eidOf(20)}`);
  });

  it("has a row for each unit, and marks what was taken back", async () => {
    const html = await reportOf(shift, "report");
    const [, units = ""] = html.split('<table class="units">');
    expect(units.match(/<tr[^>]*><td>SN/g)).toHaveLength(13);
    expect(html).toMatch(/<tr class="void"><td>SN22<\/td>/);
    expect(html).toMatch(/<tr class="FAIL"><td>SN20<\/td><td>FAIL<\/td>/);
  });

  it("draws when units ended: a bar for each piece in which some did, and words for who cannot see it", async () => {
    const html = await reportOf(shift, "report");
    const svg = /<svg[\s\S]*?<\/svg>/.exec(html)?.[0] ?? "";
    expect(svg).toContain('aria-label="12 units ended from 2026-01-05 06:00 UTC to');
    expect(svg.match(/<rect x=/g)?.length).toBe(4);
  });

  it("of a clock that was wrong for one unit has no more bars than a page holds", async () => {
    const html = await reportOf([batch(), ended(1, { at: "1970-01-01T00:00:01.000Z" }), ended(2)], "report");
    expect(html.match(/<rect x=/g)?.length).toBe(2);
    expect(html).toContain("1970-01-01 00:00 UTC");
  });

  it("can be made of a batch in which nothing ended", async () => {
    const words = plain(await reportOf([batch(), begun(1)], "report"));
    expect(words).toContain("Units 0");
    expect(words).toContain("Yield none");
    expect(words).not.toContain("NaN");
  });

  it("counts by the nearest rank", () => {
    const sorted = Float64Array.from([1, 2, 3, 4]);
    expect([0, 0.5, 0.51, 0.9, 1].map((share) => quantile(sorted, share))).toEqual([1, 2, 3, 4, 4]);
  });
});

/** What a reader reads. */
function plain(text: string): string {
  return text
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
}

/** Every element that is opened is closed, in its order. */
function balanced(html: string): boolean {
  const open: string[] = [];
  for (const [, close, name = "", rest = ""] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/gi)) {
    if (["meta", "br"].includes(name) || rest.endsWith("/")) continue;
    if (close === "") open.push(name);
    else if (open.pop() !== name) return false;
  }
  return open.length === 0;
}
