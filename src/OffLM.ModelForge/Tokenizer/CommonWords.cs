namespace OffLM.ModelForge.Tokenizer;

/// <summary>Frequent English words; what a random model says is made of them and of their beginnings.</summary>
internal static class CommonWords
{
    /// <summary>The words, the most frequent first.</summary>
    public static IReadOnlyList<string> All { get; } = Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private const string Text =
        "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were her all " +
        "she there would their we him been has when who will no more if out so what up into do any your about them some could then two time " +
        "like only my now over such our other its first after also new than these may can made even most where how many must before through " +
        "back years way well should because each just those people good much little make very work long get here between both life being under " +
        "three never day same another know while last might us great old year off come since against go came right used take house use small " +
        "home during without again place around however part school every found still night think number world few water room young early " +
        "light heat power warm cool quiet morning evening kitchen garden river mountain winter summer spring paper letter music story answer " +
        "question reason voice window door table family friend mother father child hand head heart face mind word side line point city country " +
        "state group fact case week month moment hour almost always often until enough across together toward though nothing something open close " +
        "read write speak hear feel keep leave turn begin show find give call ask need want help move stand learn change follow bring hold";
}
