import { Hono } from "hono";
import { z } from "zod";
import { Away } from "../away.ts";
import type { Carried, Parts } from "../parts.ts";

const QUESTION = z.strictObject({
  openid: z.string().min(1).max(1000),
  room: z
    .string()
    .max(255)
    .regex(/^![A-Za-z0-9._~:-]+$/),
});

/** Calls from a conversation in Element, reached through the meeting host alone. */
export function elementRoutes({ element, options }: Parts): Hono<Carried> {
  const app = new Hono<Carried>();
  app.post("/element", async (context) => {
    const origin = context.req.header("Origin");
    if (origin !== undefined && origin !== `https://${options.hosts.meet}`) return context.json({}, 403);
    const question = QUESTION.safeParse(await context.req.json().catch(() => undefined));
    if (!question.success) return context.json({}, 400);
    try {
      const answer = await element(question.data.openid, question.data.room);
      if (typeof answer !== "string") return context.json(answer);
      return context.json({ reason: answer }, answer === "unknown" ? 401 : 403);
    } catch (error) {
      if (error instanceof Away) return context.json({ reason: "away" }, 503);
      throw error;
    }
  });
  return app;
}
