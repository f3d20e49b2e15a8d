using System.CommandLine;

namespace OffLM.Fleet.Commands;

/// <summary><c>key show</c>: the address that nodes must trust.</summary>
internal static class KeyCommand
{
    public static Command Create()
    {
        var show = new Command("show", "Show the address of the collector's key, for the nodes' setting network.collectors; makes the key if there is none.");
        show.SetAction(Show);
        return new Command("key", "The collector's signing key.") { show };
    }

    private static int Show(ParseResult result)
    {
        using var key = FleetOptions.OpenKey(result);
        if (result.GetValue(FleetOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("address", key.Address.ToString());
                json.WriteEndObject();
            });
        }
        else
        {
            Output.Pairs(("key", key.Description), ("address", key.Address.ToString()));
        }

        return 0;
    }
}
