import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LoadedConfig, loadConfig } from "../../../src/daemon/config/load.js";
import { describeOrigin } from "../../../src/daemon/config/provenance.js";
import { requireCredentials } from "../../../src/daemon/config/secrets.js";

/** On real files: what counts here is what the kernel says about them. */
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "esimd-secrets-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string, mode: number): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function load(env: Readonly<Record<string, string>>, api = ""): LoadedConfig {
  const config = file("config.toml", `[api]\n${api}\n`, 0o644);
  return loadConfig({ env, files: [config] });
}

const whole = { ESIMD_API_KEY: "SKenvironment", ESIMD_API_SECRET: "from-environment" };

describe("where key and secret come from", () => {
  it("the systemd credential first, then the named file, then the environment", () => {
    mkdirSync(join(folder, "credentials"));
    file("credentials/esimd_api_key", "SKcredential\n", 0o440);
    const secretFile = file("secret", "from-a-file\n", 0o600);
    const loaded = load(
      { ...whole, CREDENTIALS_DIRECTORY: join(folder, "credentials") },
      `key_file = "/nowhere"\nsecret_file = "${secretFile}"`,
    );
    expect([loaded.config.api.key, loaded.config.api.secret]).toEqual(["SKcredential", "from-a-file"]);
    expect(describeOrigin(loaded.origin("api.key"))).toBe("credential esimd_api_key");
    expect(describeOrigin(loaded.origin("api.secret"))).toBe(`file ${secretFile}`);
  });

  it("the environment when there is nothing else", () => {
    const loaded = load({ ...whole, CREDENTIALS_DIRECTORY: join(folder, "none") });
    expect(loaded.config.api.secret).toBe("from-environment");
    expect(describeOrigin(loaded.origin("api.secret"))).toBe("environment variable ESIMD_API_SECRET");
  });

  it("nowhere: that is for the command to judge, which may not need them", () => {
    const { config } = load({});
    expect([config.api.key, config.api.secret]).toEqual([undefined, undefined]);
    expect(() => requireCredentials(config.api)).toThrow(
      "provider twilio needs credentials, and key and secret are not set",
    );
    expect(() => requireCredentials({ ...config.api, key: "SK" })).toThrow("the secret is not set");
    expect(requireCredentials({ ...config.api, key: "SK", secret: "s" })).toEqual({ key: "SK", secret: "s" });
  });

  it("provider none holds none, even where some lie about", () => {
    const { config } = load(whole, 'provider = "none"');
    expect([config.api.key, config.api.secret]).toEqual([undefined, undefined]);
  });
});

describe("a secret's file that is refused", () => {
  it.each([0o640, 0o604, 0o644, 0o660, 0o610, 0o777])("mode %o: others can get at it", (mode) => {
    const path = file("secret", "TheSecretItself", mode);
    const shown = mode.toString(8).padStart(4, "0");
    expect(() => load({}, `secret_file = "${path}"`)).toThrow(
      expect.objectContaining({
        code: "config_invalid",
        message: `${join(folder, "config.toml")}: api.secret_file: ${path} holds a secret and its mode ${shown} lets others read it`,
        hint: `Make it readable by its owner only: chmod 600 ${path}`,
      }),
    );
  });

  it.each([0o600, 0o400])("mode %o is fine", (mode) => {
    expect(load({}, `secret_file = "${file("secret", "good-secret", mode)}"`).config.api.secret).toBe("good-secret");
  });

  it("a link to a file is judged by the file", () => {
    const target = file("open", "TheSecretItself", 0o644);
    symlinkSync(target, join(folder, "link"));
    expect(() => load({}, `secret_file = "${join(folder, "link")}"`)).toThrow("lets others read it");
  });

  it("a folder, a FIFO (without hanging on it), and nothing at all", () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    expect(() => load({}, `secret_file = "${folder}"`)).toThrow(`${folder} is not a regular file`);
    expect(() => load({}, `secret_file = "${fifo}"`)).toThrow(`${fifo} is not a regular file`);
    expect(() => load(whole, 'secret_file = "/nowhere/secret"')).toThrow("there is no file /nowhere/secret");
  });

  it.each([
    ["is empty", ""],
    ["has two lines", "TheSecretItself\nsecond"],
    ["has other characters", "TheSecretItsélf"],
    ["has spaces", "TheSecretItself two"],
  ])("one that %s; the sentence does not repeat it", (_, text) => {
    const path = file("secret", text, 0o600);
    expect(() => load({}, `secret_file = "${path}"`)).toThrow(
      expect.objectContaining({
        code: "config_invalid",
        message: `${path} must hold one word of printable ASCII, a key or a secret, and nothing else`,
      }),
    );
  });

  it("one that is the wrong file by its size", () => {
    const path = file("secret", "x".repeat(5000), 0o600);
    expect(() => load({}, `secret_file = "${path}"`)).toThrow("is larger than 4096 bytes");
  });
});
