import { Agent, request } from "undici";

/** Wrong sign-ins for names that nobody has, so many a second, until it ends. */
export function flooding(port: number, perSecond: number) {
  const agent = new Agent({ connections: 1000, headersTimeout: 120_000, bodyTimeout: 120_000 });
  let answered = 0;
  let sent = 0;
  const open = new Set<Promise<unknown>>();
  const send = () => {
    sent += 1;
    const asked = request(`http://127.0.0.1:${port}/staff/sign-in`, {
      method: "POST",
      dispatcher: agent,
      headers: { origin: "https://go.greenriver.example", "content-type": "application/x-www-form-urlencoded" },
      body: `user=stranger${sent}&password=wrong`,
    })
      .then(async ({ body }) => {
        await body.dump();
        answered += 1;
      })
      .catch(() => undefined)
      .finally(() => open.delete(asked));
    open.add(asked);
  };
  const timer = setInterval(send, 1000 / perSecond);
  return {
    answered: () => answered,
    end: async () => {
      clearInterval(timer);
      await agent.destroy();
      await Promise.all(open);
    },
  };
}
