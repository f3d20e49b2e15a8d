using System.Globalization;
using OffLM.CardSimulator.Card;
using OffLM.CardSimulator.Fronts;

// A simulated OpenPGP card for tests. Its memory is a file, so that one life follows another.
//   offlm-card-simulator vpcd STATE PORT                      plugs it into vsmartcard's reader
//   offlm-card-simulator usb STATE FOLDER [SIGNING-MS]        makes it a USB token, of the FunctionFS mounted there; says "ready" when it can be bound
switch (args)
{
    case ["vpcd", var memory, var port]:
        VpcdPeer.Run(CardIn(memory, new CardManners()), int.Parse(port, CultureInfo.InvariantCulture), TimeSpan.FromSeconds(20));
        return 0;
    case ["usb", var memory, var folder, .. var rest] when rest.Length <= 1:
        var signing = TimeSpan.FromMilliseconds(rest is [var milliseconds] ? int.Parse(milliseconds, CultureInfo.InvariantCulture) : 0);
        var manners = new CcidManners { TimeExtensions = 2 };
        using (var unplugged = new ManualResetEventSlim())
        {
            var card = CardIn(memory, new CardManners { SigningTime = signing, Wait = time => unplugged.Wait(time) });
            new FunctionFsToken(folder, new CcidDevice(card, manners), manners, unplugged).Run(() => Console.Out.WriteLine("ready"));
        }

        return 0;
    default:
        Console.Error.WriteLine("Usage: offlm-card-simulator vpcd STATE PORT | usb STATE FOLDER [SIGNING-MS]");
        return 2;
}

static CardApplication CardIn(string memory, CardManners manners) =>
    new(CardState.Load(memory), manners) { Changed = state => state.Save(memory) };
