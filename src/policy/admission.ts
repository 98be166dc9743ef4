import type { Practice } from "../practice/practice.ts";
import { type Section, readProsody, strings } from "./lua.ts";
import { type Check, violation, type Violation } from "./policy.ts";
import { type Running, running } from "./programs.ts";

/** Which module of ours must be in force on which XMPP host, and as what. */
function rules({ hosts: { meet } }: Practice) {
  return {
    authentication: { [meet]: "room_token", [`auth.${meet}`]: "service_account", [`jvb.${meet}`]: "service_account" },
    rooms: `muc.${meet}`,
    internalRooms: `internal-muc.${meet}`,
    focus: `focus@auth.${meet}`,
    /** On the rooms: who may be in one, who waits, when it ends. */
    ofRooms: ["practice_room", "practice_lobby", "practice_deadline"],
    /** Where participants log in: when a session ends, to whom it may speak, who may ask. */
    ofParticipants: ["practice_session", "practice_firewall", "practice_control", "practice_ready"],
    ready: {
      "*": ["practice_log"],
      [meet]: ["auth_room_token", "practice_session", "practice_firewall", "practice_control", "practice_ready"],
      [`auth.${meet}`]: ["auth_service_account"],
      [`jvb.${meet}`]: ["auth_service_account"],
      [`muc.${meet}`]: ["practice_room", "practice_lobby", "practice_deadline"],
    },
  };
}

/** Applies a test to the configuration of each Prosody. One that cannot be read is the business of `readable`. */
function judge(
  test: (sections: readonly Section[], prosody: Running) => readonly (string | false)[],
): (input: Parameters<Check["violations"]>[0]) => Violation[] {
  return ({ objects }) =>
    running(objects, "prosody").flatMap((prosody) =>
      test(prosody.configuration(readProsody) ?? [], prosody).flatMap((message) =>
        message ? [violation(prosody.pod.workload, message)] : [],
      ),
    );
}

export const roomModulesAsShipped: Check = {
  name: "room-modules-as-shipped",
  promise: "e2ee",
  because:
    "Keys go to every occupant of a room, so who gets in decides who can read. Prosody must find our modules, " +
    "byte for byte as released, before any other of the same name.",
  violations: (input) =>
    judge((sections, prosody) => {
      const [folder = ""] = strings(sections[0]?.options["plugin_paths"]);
      return Object.entries(input.assets.prosodyModules).map(
        ([file, content]) =>
          prosody.read(`${folder}${file}`) !== content &&
          `The Prosody module ${file} is not mounted as we ship it where Prosody looks first.`,
      );
    })(input),
};

export const everyLoginNeedsProof: Check = {
  name: "every-login-needs-proof",
  promise: "e2ee",
  because: "Participants come with a room token, our two programs with a password; an anonymous host is an open room.",
  violations: (input) =>
    judge((sections) => {
      const { authentication } = rules(input.practice);
      return sections
        .filter(({ kind }) => kind !== "Component")
        .map(({ kind, name, options }) => {
          const [method] = strings(options["authentication"]);
          if (kind === "global") return method !== undefined && "Prosody has an authentication for all hosts.";
          return method !== authentication[name] && `The XMPP host ${name} does not log in the way that it must.`;
        });
    })(input),
};

export const roomRulesInForce: Check = {
  name: "room-rules-in-force",
  promise: "e2ee",
  because:
    "The modules on the rooms refuse a join without the encryption claim, without the token of that room or outside " +
    "its time, make patients wait for staff, and remove who takes the claim back or whose time is over; the one where " +
    "participants log in lets them speak to their room alone. A second kind of rooms would be a way around them.",
  violations: (input) =>
    judge((sections) => {
      const { rooms, internalRooms, focus, ofRooms, ofParticipants } = rules(input.practice);
      const lacks = (options: Section["options"], modules: readonly string[]) =>
        modules.some((module) => !strings(options["modules_enabled"]).includes(module));
      return sections.map(({ module, name, options }) => {
        if (name === input.practice.hosts.meet) {
          return lacks(options, ofParticipants) && `Participants at ${name} do not have the practice's rules in force.`;
        }
        if (module !== "muc" || name === internalRooms) return false;
        if (name !== rooms) return `The rooms at ${name} are not rooms of the practice.`;
        const isExempt = strings(options["practice_room_focus"]).join(" ") === focus;
        return (
          (lacks(options, ofRooms) || !isExempt) && `The rooms at ${name} do not have the practice's rules in force.`
        );
      });
    })(input),
};

export const readyOnlyWithRules: Check = {
  name: "ready-only-with-rules",
  promise: "e2ee",
  because:
    "A Prosody module that fails to load leaves a line in the log and an open room. So the pod serves only while our " +
    "module says that all of ours are loaded where they belong.",
  violations: (input) =>
    judge((sections, { container }) => {
      const { ready } = rules(input.practice);
      const probe = container.readinessProbe?.httpGet;
      const isHttp =
        probe?.port === 5280 || container.ports?.some((p) => p.name === probe?.port && p.containerPort === 5280);
      const host = sections.find(({ kind, name }) => kind === "VirtualHost" && name === input.practice.hosts.meet);
      const demanded = strings(host?.options["practice_ready_modules"]).join(" ");
      const wanted = Object.entries(ready).map(([name, modules]) => [name, ...modules].join(" "));
      return [
        !(probe?.path === "/ready" && isHttp) && "Prosody's readiness does not ask whether our modules are loaded.",
        !wanted.every((part) => demanded.includes(part)) && "Prosody's readiness does not demand every module of ours.",
      ];
    })(input),
};
