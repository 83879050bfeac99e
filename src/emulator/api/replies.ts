/** What the fake API answers with, and the vendor's way to refuse. */

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function json(status: number, value: unknown): Reply {
  return { status, headers: { "content-type": "application/json;charset=utf-8" }, body: JSON.stringify(value) };
}

export function html(status: number): Reply {
  const body = `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`;
  return { status, headers: { "content-type": "text/html" }, body };
}

/** Errors as Twilio and KORE both write them; which HTTP status goes with an 83xxx code is documented nowhere, 400 is the natural one. */
export function refusal(status: number, code: number, message: string): Reply {
  return json(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
}

export const invalidParameter = (what: string): Reply => refusal(400, 20001, `Invalid parameter: ${what}`);
export const missingParameter = (name: string): Reply => refusal(400, 20002, `Missing required parameter ${name}`);
export const notFound = (path: string): Reply => refusal(404, 20404, `The requested resource ${path} was not found`);
export const methodNotAllowed = (): Reply => refusal(405, 20004, "Method not allowed");
export const outOfStock = (): Reply => refusal(400, 83500, "No eSIM Profiles are available");
