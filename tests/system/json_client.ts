/** The smallest possible WAMP client: the runtime's own WebSocket and messages written out as JSON. Shares no code with the router. */

export interface JsonClient {
  send(message: readonly unknown[]): void;
  /** The next message that nobody has taken yet; rejects when the connection ends first. */
  next(): Promise<unknown[]>;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  close(): void;
}

/** Connects; rejects when the server refuses. */
export async function connect(url: string): Promise<JsonClient> {
  const socket = new WebSocket(url, ["wamp.2.json"]);
  const inbox: unknown[][] = [];
  const waiting: { resolve(message: unknown[]): void; reject(error: Error): void }[] = [];
  let isClosed = false;
  socket.onmessage = (event) => {
    const message = JSON.parse(String(event.data));
    const waiter = waiting.shift();
    if (waiter === undefined) inbox.push(message);
    else waiter.resolve(message);
  };
  const closed = new Promise<number>((resolve) => {
    socket.onclose = (event) => {
      isClosed = true;
      for (const waiter of waiting) waiter.reject(new Error(`Connection closed: ${event.code}`));
      resolve(event.code);
    };
  });
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
  });
  return {
    closed,
    send: (message) => socket.send(JSON.stringify(message)),
    close: () => socket.close(),
    next: () =>
      new Promise((resolve, reject) => {
        const message = inbox.shift();
        if (message !== undefined) resolve(message);
        else if (isClosed) reject(new Error("Connection closed"));
        else waiting.push({ resolve, reject });
      }),
  };
}

/** Connects and joins; returns the client and its session id. */
export async function join(url: string, realm = "realm1") {
  const client = await connect(url);
  const roles = { "caller": {}, "callee": {}, "publisher": {}, "subscriber": {} };
  client.send([1, realm, { roles }]);
  const [type, session, details] = await client.next();
  if (type !== 2) throw new Error(`Not welcome: ${JSON.stringify([type, session, details])}`);
  return { client, session, details };
}
