import type { Practice } from "../../practice/practice.ts";
import { ELEMENT_PORT, httpBlock, mainBlock } from "../front/nginx.ts";
import { merged, type Settings } from "../merge.ts";

/** Where Element's own `config.json` is mounted. */
export const ELEMENT_FILES = "/etc/element";

/** Element's `config.json`, whole. Every address in it is the practice's own. */
export function elementConfigJson(practice: Practice): string {
  return `${JSON.stringify(merged(defaults(practice), enforced(practice)), null, 2)}\n`;
}

/** What a member may change for themselves. */
function defaults(practice: Practice): Settings {
  return {
    brand: practice.hosts.chat,
    // Else the name of a session tells everybody in its rooms the browser and the system of the device.
    default_device_display_name: practice.hosts.chat,
    default_theme: "light",
    show_labs_settings: false,
    jitsi_widget: { skip_built_in_welcome_screen: true },
    setting_defaults: {
      language: practice.locale,
      enableLegacyCallsVoip: true,
      webRtcAllowPeerToPeer: false,
      sendTypingNotifications: false,
      "MessageComposerInput.showStickersButton": false,
      "MessageComposerInput.showPollsButton": false,
    },
  };
}

/**
 * No other homeserver, no guests, no identity server, no integration manager; calls go to our own Jitsi.
 * Objects cannot be nulled, and are merged with Element's own: whatever is left out, in them too, falls back to an
 * address of somebody else (element-web: `apps/web/src/SdkConfig.ts`, `DEFAULTS` and `mergeConfig`).
 */
function enforced(practice: Practice): Settings {
  const { matrix, chat, meet, entry } = practice.hosts;
  const own = `https://${entry}/`;
  const { imprintUrl: help = own, privacyUrl: privacy = own } = practice.legal;
  return {
    branding: { logo_link_url: own, auth_footer_links: [] },
    default_server_config: { "m.homeserver": { base_url: `https://${matrix}`, server_name: practice.serverName } },
    disable_custom_urls: true,
    disable_guests: true,
    disable_3pid_login: true,
    force_verification: true,
    default_federate: false,
    permalink_prefix: `https://${chat}`,
    integrations_ui_url: null,
    integrations_rest_url: null,
    integrations_widgets_urls: [],
    jitsi: { preferred_domain: meet },
    element_call: { disable: true, use_exclusively: false },
    enable_client_well_known_lookups: true,
    mobile_guide_toast: false,
    desktop_builds: { available: false, logo: "", ...Object.fromEntries(DESKTOPS.map((system) => [system, ""])) },
    mobile_builds: { ios: null, android: null, fdroid: null },
    room_directory: { servers: [] },
    features: { feature_exclude_insecure_devices: true },
    embedded_pages: { login_for_welcome: true },
    help_url: help,
    help_encryption_url: help,
    help_key_storage_url: help,
    feedback: { existing_issues_url: help, new_issue_url: help },
    privacy_policy_url: privacy,
    setting_defaults: Object.fromEntries(OFF.map((feature) => [`UIFeature.${feature}`, false])),
  };
}

const DESKTOPS = ["url", "url_macos", "url_win64", "url_win64arm", "url_linux"];

/** Parts of the interface that are off. Widgets and calls stay on: a call is a widget. */
const OFF = [
  "registration",
  "passwordReset",
  "deactivate",
  "identityServer",
  "thirdPartyId",
  "feedback",
  "shareQrCode",
  "shareSocial",
  "locationSharing",
  "urlPreviews",
  "roomHistorySettings",
  "advancedSettings",
  "allowCreatingPublicRooms",
  "allowCreatingPublicSpaces",
  "allowChatExport",
];

/**
 * `nginx.conf` of the Element container, whole: static files for the front server in the same pod, nobody else.
 * Phones are not sent to the guide that recommends apps of others, which know nothing of the practice's calls; the
 * cookie is the one by which Element remembers that somebody went on without it (`apps/web/src/vector/index.ts`).
 */
export function elementNginxConf(): string {
  return `${mainBlock()}
http {
${httpBlock()}
  server {
    listen 127.0.0.1:${ELEMENT_PORT};
    root /app;
    index index.html;
    location = /config.json { alias ${ELEMENT_FILES}/config.json; expires -1; }
    location = / { try_files /index.html =404; expires -1; }
    location ~ ^/(index\\.html|jitsi\\.html|sw\\.js|version)$ { expires -1; }
    location /mobile_guide/ {
      add_header Set-Cookie "element_mobile_redirect_to_guide=false; Path=/; Max-Age=31536000; Secure; SameSite=Strict";
      return 302 /;
    }
    location = /usercontent/ { try_files /usercontent/index.html =404; }
    location / { try_files $uri =404; expires 1h; }
  }
}
`;
}
