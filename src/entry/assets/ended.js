try {
  sessionStorage.removeItem("link"); // what join.js kept for a reload
} catch {
  // Nothing was kept.
}
