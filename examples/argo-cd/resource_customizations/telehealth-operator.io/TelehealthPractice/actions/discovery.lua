local suspended = obj.spec ~= nil and obj.spec.suspend == true

local actions = {}
actions["pause"] = {
  ["iconClass"] = "fa fa-fw fa-pause",
  ["displayName"] = "Hold back roll-outs",
  ["disabled"] = suspended
}
actions["resume"] = {
  ["iconClass"] = "fa fa-fw fa-play",
  ["displayName"] = "Roll out again",
  ["disabled"] = not suspended
}
return actions
