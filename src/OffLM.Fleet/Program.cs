return await OffLM.Fleet.Commands.FleetCommandTree.InvokeAsync(args);
