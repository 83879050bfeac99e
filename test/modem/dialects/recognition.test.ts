import { describe, expect, it } from "vitest";
import { ownCatalogue } from "../../../src/modem/dialects/index.js";

/** Which family the answer to AT+QESIM=? speaks for, in the order of asking. */
function familyOf(...lines: readonly string[]): string | undefined {
  return ownCatalogue.dialects.find(
    ({ recognise }) => recognise?.ask?.send === "AT+QESIM=?" && recognise.ask.matches(lines),
  )?.name;
}

describe("the answer to AT+QESIM=?", () => {
  it.each<[string, string | undefined, readonly string[]]>([
    [
      "a line each",
      "quectel-iccid",
      ['+QESIM: "eid"', '+QESIM: "download"', '+QESIM: "trans",<total>,<more>', '+QESIM: "ota"'],
    ],
    ["one line in brackets", "quectel-iccid", ['+QESIM: ("eid","list","enable","download","trans")']],
    ["without quotes", "quectel-iccid", ["+QESIM: (eid,list,enable,download,ota)"]],
    ["in capitals", "quectel-iccid", ['+QESIM: "EID"', '+QESIM: "DOWNLOAD"', '+QESIM: "TRANS"']],
    [
      "with a parameter <total>",
      "quectel-nwmode",
      ['+QESIM: "eid"', '+QESIM: "list",<mode>,<total>', '+QESIM: "download",<nwMode>,<ac>'],
    ],
    [
      "with words that hold the other's",
      "quectel-nwmode",
      ['+QESIM: "download",<transport>,"<quota>",(0-1)', '+QESIM: "rotate"'],
    ],
    ["with a parameter <ota> and <trans>", "quectel-nwmode", ['+QESIM: "download",<ota>,<trans>,<trans_id>']],
    [
      "by index",
      "quectel-index",
      ['+QESIM: "lpa_enable",(0,1)', '+QESIM: "profile_brief"', '+QESIM: "nickname",<total>'],
    ],
    ["of nothing that is known", undefined, ['+QESIM: "eid"']],
  ])("%s: %s", (_name, family, lines) => {
    expect(familyOf(...lines)).toBe(family);
  });
});
