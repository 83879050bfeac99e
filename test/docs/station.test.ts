import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.js";
import { answerTo } from "../../src/station/executive/protocol.js";
import { parseStationFile } from "../../src/station/station-file.js";
import { RehearsedStation } from "../station/rehearsed.js";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/station.md"), "utf8");

describe("docs/station.md", () => {
  it("has a station file that the station takes, also with what stands in comments", () => {
    const text = /```toml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(parseStationFile(text, "/etc/esimd/station.toml").slot.map(({ number }) => number)).toEqual([1, 2, 3]);
    const whole = text.replace(/^# (?=\w+ = )/gm, "");
    expect(parseStationFile(whole, "/etc/esimd/station.toml")).toMatchObject({
      station: { sheet: "/etc/esimd/week48.csv" },
      page: { password_file: "/etc/esimd/page-password" },
      label: { command: "/usr/local/bin/print-label" },
    });
  });

  it("names commands of the line protocol that the station knows", () => {
    const rows = [...page.matchAll(/^\| (`[A-Z`, n*]+.*?) \| `?OK/gm)].map((match) => match[1] ?? "");
    const words = rows.flatMap((row) => [...row.matchAll(/`([A-Z]+)/g)].map((match) => match[1] ?? ""));
    expect(words).toEqual([
      "HELLO",
      "LISTEN",
      "STATUS",
      "STATUS",
      "COUNTS",
      "SERIAL",
      "RETRY",
      "OFF",
      "ON",
      "DRAIN",
      "STOP",
    ]);
    const control = new RehearsedStation({ clock: new VirtualClock(), slots: 3 });
    for (const word of words) expect(answerTo(word, control).lines[0]).not.toContain("is no command");
  });
});
