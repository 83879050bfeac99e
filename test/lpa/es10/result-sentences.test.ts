import { describe, expect, it } from "vitest";
import * as codes from "../../../src/lpa/es10/result-codes.js";
import { becauseOf } from "../../../src/lpa/es10/result-sentences.js";

const tables: Readonly<Record<string, codes.ResultTable>> = {
  authenticateErrors: codes.authenticateErrors,
  downloadErrors: codes.downloadErrors,
  installErrors: codes.installErrors,
  enableResults: codes.enableResults,
  disableResults: codes.disableResults,
  deleteResults: codes.deleteResults,
  nicknameResults: codes.nicknameResults,
  memoryResetResults: codes.memoryResetResults,
  defaultAddressResults: codes.defaultAddressResults,
  removeNotificationResults: codes.removeNotificationResults,
  cancelSessionErrors: codes.cancelSessionErrors,
};

describe("every result code of SGP.22", () => {
  it.each(Object.entries(tables))("has a sentence: %s", (_name, table) => {
    for (const name of Object.values(table)) {
      if (name !== "ok") expect(becauseOf(name), name).toMatch(/^(it|a|an|its|the|another|there|of) .* \(\w+\)$/);
    }
  });

  it("that nobody knows is shown as it is", () => {
    expect(becauseOf("unknown(99)")).toBe("of unknown(99)");
  });
});
