using System.Globalization;
using OffLM.CardSimulator.Card;
using OffLM.CardSimulator.Fronts;

// A simulated OpenPGP card for tests. Its memory is a file, so that one life follows another.
//   offlm-card-simulator vpcd STATE PORT      plugs it into vsmartcard's reader
if (args is ["vpcd", var memory, var port])
{
    var card = new CardApplication(CardState.Load(memory)) { Changed = state => state.Save(memory) };
    VpcdPeer.Run(card, int.Parse(port, CultureInfo.InvariantCulture), TimeSpan.FromSeconds(20));
    return 0;
}

Console.Error.WriteLine("Usage: offlm-card-simulator vpcd STATE PORT");
return 2;
