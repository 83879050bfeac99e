import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";

/** Requests as any program can make them: a browser would not send what these do. */

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  json(): unknown;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls?: Pick<RequestOptions, "ca" | "cert" | "key">;
}

export function ask(
  url: string,
  path: string,
  { method = "GET", headers = {}, body, tls }: Asked = {},
): Promise<Answer> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const send = protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send({ host, port, path, method, headers, agent: false, ...tls }, (response) => {
      text(response).then(
        (all) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: all,
            json: (): unknown => JSON.parse(all),
          }),
        reject,
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}

export function post(url: string, path: string, form: unknown, headers: Asked["headers"] = {}): Promise<Answer> {
  const body = JSON.stringify(form);
  return ask(url, path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
}
