global using OffLM.Edge.Board.Sysfs;
global using OffLM.Edge.Tests.Shared;
