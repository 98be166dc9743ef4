-- A practice's conditions follow kstatus: Reconciling and Stalled are there to be True when something is up.
-- Where Ready is False beside neither, these reasons are waits and every other one needs somebody.
local waiting = {
  AddressAwaited = true,
  AddressNeeded = true,
  CertManagerMissing = true,
  CertificateIssuing = true,
  ComponentsStarting = true,
  ConfigurationOnTrial = true,
  Deleting = true,
  GatewayApiMissing = true,
  NamespaceNotRestricted = true,
  NotProbed = true,
  ProbeUnanswered = true,
  Progressing = true,
  Restoring = true,
  Suspended = true,
  WaitingForQuietMoment = true,
}

local function health(status, message)
  return { status = status, message = message }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "The practice is being taken down; its walls go last.")
end
if obj.status == nil or obj.status.conditions == nil then
  return health("Progressing", "The operator has not looked at the practice yet.")
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "The operator has not looked at the newest manifest yet.")
end

local none = { status = "Unknown", message = "", reason = "" }
local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready or none
local stalled = conditions.Stalled or none
local reconciling = conditions.Reconciling or none
local suspended = conditions.Suspended or none

if stalled.status == "True" then
  return health("Degraded", stalled.message)
end
if ready.status == "False" and reconciling.status ~= "True" and not waiting[ready.reason] then
  return health("Degraded", ready.message)
end
if suspended.status == "True" then
  return health("Suspended", suspended.message)
end
if ready.status == "True" and reconciling.status ~= "True" then
  return health("Healthy", ready.message)
end
return health("Progressing", ready.message)
