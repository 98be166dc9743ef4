import { merged, type Settings } from "../merge.ts";
import { assignment } from "./javascript.ts";

/** `interface_config.js` of the meeting page. Keys that are left out are off. */
export function interfaceConfigJs(): string {
  return assignment("interfaceConfig", merged(DEFAULTS, ENFORCED));
}

const DEFAULTS: Settings = {
  APP_NAME: "",
  NATIVE_APP_NAME: "",
  PROVIDER_NAME: "",
  DEFAULT_BACKGROUND: "#1f2a30",
  LANG_DETECTION: true,
  DISABLE_VIDEO_BACKGROUND: false,
  DISABLE_DOMINANT_SPEAKER_INDICATOR: false,
  TILE_VIEW_MAX_COLUMNS: 5,
  FILM_STRIP_MAX_HEIGHT: 120,
  VERTICAL_FILMSTRIP: true,
  VIDEO_LAYOUT_FIT: "both",
  VIDEO_QUALITY_LABEL_DISABLED: false,
  LOCAL_THUMBNAIL_RATIO: 16 / 9,
  REMOTE_THUMBNAIL_RATIO: 1,
  OPTIMAL_BROWSERS: ["chrome", "chromium", "electron"],
  UNSUPPORTED_BROWSERS: [],
};

/** No link to anybody else, no list of rooms, no way to call or invite somebody by other means. */
const ENFORCED: Settings = {
  // Without the calendar, which is somebody else's, and the profile, which asks for an address.
  SETTINGS_SECTIONS: ["devices", "language", "sounds"],
  SHOW_CHROME_EXTENSION_BANNER: false,
  SHOW_JITSI_WATERMARK: false,
  SHOW_BRAND_WATERMARK: false,
  SHOW_POWERED_BY: false,
  SHOW_PROMOTIONAL_CLOSE_PAGE: false,
  JITSI_WATERMARK_LINK: "",
  BRAND_WATERMARK_LINK: "",
  SUPPORT_URL: "",
  DISPLAY_WELCOME_PAGE_CONTENT: false,
  DISPLAY_WELCOME_PAGE_ADDITIONAL_CARD: false,
  DISPLAY_WELCOME_PAGE_TOOLBAR_ADDITIONAL_CONTENT: false,
  DEFAULT_WELCOME_PAGE_LOGO_URL: "",
  GENERATE_ROOMNAMES_ON_WELCOME_PAGE: false,
  RECENT_LIST_ENABLED: false,
  MOBILE_APP_PROMO: false,
  ENABLE_DIAL_OUT: false,
  SHARING_FEATURES: [],
  DISABLE_PRIVATE_MESSAGES: true,
  DISABLE_PRESENCE_STATUS: true,
  DISABLE_TRANSCRIPTION_SUBTITLES: true,
};
